"""The sections of a unikernel file: names for debuggers and panics, and the profile. Nothing of it is loaded.

The profile is compressed by bzip2: its output is one and the same for every library version there is, which
cannot be said of zlib (zlib-ng writes other bytes), and a unikernel's bytes must not depend on the host.
"""

from __future__ import annotations

import bz2
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from converter.errors import UsageError
from converter.link.image_header import EHDR, SHDR, SHN_ABS, SYM, KernelElf

PROFILE_SECTION = b".u2k.profile"
_SHSTRTAB = b"\0.symtab\0.strtab\0.shstrtab\0" + PROFILE_SECTION + b"\0"
_SHT_PROGBITS, _SHT_SYMTAB, _SHT_STRTAB = 1, 2, 3
_MAX_SECTIONS = 64
_MAX_COMPRESSED = 16 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Sections:
    """What stands at file offset `at`: contents, then the section headers at `table_at`."""

    at: int
    contents: bytes
    table_at: int
    count: int
    strings_index: int  # e_shstrndx


def sections(elf: KernelElf, profile: bytes, at: int) -> Sections:
    """Symbols of `elf` and the profile's text. The kernel's own sections are gone, so symbols are SHN_ABS."""
    strings = bytearray(b"\0")
    table = bytearray(SYM.pack(0, 0, 0, 0, 0, 0))
    for name, value, size, kind in elf.symbols:
        table += SYM.pack(len(strings), 1 << 4 | kind, 0, SHN_ABS, value, size)
        strings += name.encode() + b"\0"
    body = bytearray()
    headers = [SHDR.pack(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]

    def add(name: bytes, kind: int, data: bytes, link: int = 0, info: int = 0, size: int = 0) -> None:
        align = 8 if size else 1
        body.extend(bytes(-(at + len(body)) % align))
        offset = _SHSTRTAB.index(b"\0" + name + b"\0") + 1
        headers.append(SHDR.pack(offset, kind, 0, 0, at + len(body), len(data), link, info, align, size))
        body.extend(data)

    add(b".symtab", _SHT_SYMTAB, bytes(table), link=2, info=1, size=SYM.size)
    add(b".strtab", _SHT_STRTAB, bytes(strings))
    add(b".shstrtab", _SHT_STRTAB, _SHSTRTAB)
    if profile:
        add(PROFILE_SECTION, _SHT_PROGBITS, bz2.compress(profile))
    body.extend(bytes(-(at + len(body)) % 8))
    return Sections(at, bytes(body) + b"".join(headers), at + len(body), len(headers), 3)


def read_profile_section(path: Path, limit: int) -> bytes | None:
    """The profile's text in a unikernel file, None if it carries none.

    UsageError when the section is damaged, or says more than `limit` bytes.
    """
    damaged = UsageError(
        "the profile that it carries is damaged", where=str(path), hint="convert the image again"
    )
    try:
        with path.open("rb") as file:
            fields = EHDR.unpack(file.read(EHDR.size))
            file.seek(fields[6])
            count = min(fields[12], _MAX_SECTIONS)
            table = file.read(count * SHDR.size)
            headers = [SHDR.unpack_from(table, number * SHDR.size) for number in range(count)]
            if fields[13] >= count:
                return None
            names = _contents(file, headers[fields[13]])
            for header in headers:
                if names[header[0] :].startswith(PROFILE_SECTION + b"\0"):
                    return _decompressed(_contents(file, header), limit)
    except (OSError, struct.error, ValueError, OverflowError) as error:  # OSError: what is no bzip2 stream
        raise damaged from error
    return None


def _contents(file: BinaryIO, header: tuple[int, ...]) -> bytes:
    if header[5] > _MAX_COMPRESSED:
        raise ValueError("section size")
    file.seek(header[4])
    return file.read(header[5])


def _decompressed(data: bytes, limit: int) -> bytes:
    stream = bz2.BZ2Decompressor()
    text = stream.decompress(data, limit)
    if not stream.eof:
        raise ValueError("cut off or too long")
    return text
