"""What a Go program was built from: the module list that the Go linker puts into it (debug/buildinfo, Go
1.18).

At a multiple of 16 bytes near the start of a loaded segment: 14 bytes of magic, the pointer size, flags (bit
1: strings follow right here), 16 unused bytes; then the Go version and the module list, each with its length
as a varint. The list is lines of tab-separated words between two marks of 16 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from converter.elf.header import ElfFile

_MAGIC = b"\xff Go buildinf:"
_INLINE = 2
_HEADER = 32
_MARK = 16
_SCANNED = 64 << 10  # bytes of a segment: where `go version` of Go 1.18 to 1.22 looks
_TEXT_MAX = 4 << 20


@dataclass(frozen=True, slots=True)
class GoModule:
    path: str
    version: str  # (devel) for what was built from a checkout


@dataclass(frozen=True, slots=True)
class GoBuildInfo:
    """version: of Go, `go1.22.1`; modules: the main one first, replaced ones as what replaces them, and last
    the standard library as `stdlib`, the name by which scanners know it."""

    version: str
    modules: tuple[GoModule, ...]


def read_go_build_info(stream: BinaryIO, elf: ElfFile) -> GoBuildInfo | None:
    """None when it is no Go program, or one of a Go before 1.18. Nonsense in it gives None as well."""
    for segment in elf.loads:
        stream.seek(segment.offset)
        head = stream.read(min(segment.filesz, _SCANNED))
        at = head.find(_MAGIC)
        while at >= 0 and (segment.offset + at) % 16:
            at = head.find(_MAGIC, at + 1)
        if at < 0:
            continue
        stream.seek(segment.offset + at)
        data = stream.read(min(segment.filesz - at, _TEXT_MAX))
        if len(data) < _HEADER or not data[15] & _INLINE:
            return None
        text, after = _string(data, _HEADER)
        modules, _ = _string(data, after)
        version = text.decode("utf-8", "backslashreplace")
        if not version:
            return None
        library = GoModule("stdlib", version.removeprefix("go").partition(" ")[0])
        return GoBuildInfo(version, (*_modules(modules), library))
    return None


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """The string at an offset, and the offset behind it; empty when it does not fit."""
    size = shift = 0
    while at < len(data) and shift < 35:
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (data[at : at + size], at + size) if at + size <= len(data) else (b"", len(data))
        shift += 7
    return b"", len(data)


def _modules(text: bytes) -> list[GoModule]:
    found: list[GoModule] = []
    for line in text[_MARK:-_MARK].decode("utf-8", "backslashreplace").splitlines():
        kind, *words = line.split("\t")
        if kind in ("mod", "dep") and len(words) >= 2:
            found.append(GoModule(words[0], words[1]))
        elif kind == "=>" and len(words) >= 2 and found:
            found[-1] = GoModule(words[0], words[1])
    return found
