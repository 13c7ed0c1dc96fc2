"""A section of an ELF file by its name (gABI, Section Header Table). For what is not mapped when it runs."""

from __future__ import annotations

import struct
from typing import BinaryIO

from converter.elf.reader import CorruptElfError, ElfReader

_EHDR_SHOFF, _EHDR_COUNTS = 0x28, 0x3A  # e_shoff; e_shentsize, e_shnum, e_shstrndx
_SHDR = struct.Struct("<IIQQQQIIQQ")
_NOBITS = 8
_SECTIONS_MAX = 4096
_NAMES_MAX = 1 << 20


def named_section(stream: BinaryIO, size: int, name: bytes, limit: int) -> bytes | None:
    """The contents of a 64-bit little-endian file's first section of this name.

    None if there is none, or it is damaged or larger than `limit` bytes.
    """
    reader = ElfReader(stream, size)
    try:
        (offset,) = struct.unpack("<Q", reader.read(_EHDR_SHOFF, 8, "e_shoff"))
        width, count, names_at = struct.unpack("<HHH", reader.read(_EHDR_COUNTS, 6, "e_shnum"))
        if width != _SHDR.size or not names_at < count <= _SECTIONS_MAX:
            return None
        table = reader.read(offset, count * width, "the section headers")
        headers = [_SHDR.unpack_from(table, number * width) for number in range(count)]
        names = _contents(reader, headers[names_at], _NAMES_MAX)
        for header in headers:
            if names is not None and names[header[0] : header[0] + len(name) + 1] == name + b"\0":
                return _contents(reader, header, limit)
    except CorruptElfError:
        return None
    return None


def _contents(reader: ElfReader, header: tuple[int, ...], limit: int) -> bytes | None:
    if header[1] == _NOBITS or header[5] > limit:
        return None
    return reader.read(header[4], header[5], "a section")
