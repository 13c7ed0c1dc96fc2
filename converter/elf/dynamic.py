"""The dynamic section: what a loader needs to know of a program or library (gABI, Dynamic Section).

Symbol versions: Linux Standard Base Core, "Symbol Versioning" (Elf64_Verneed, Elf64_Verdef).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from converter.elf.reader import CorruptElfError, ElfReader, Segment

_ENTRY = struct.Struct("<qQ")
_VERNEED = struct.Struct("<HHIII")
_VERNAUX = struct.Struct("<IHHII")
_VERDEF = struct.Struct("<HHHHIII")
_MAX_SECTION = 1 << 16  # bytes; 4096 entries, real files have some 30
_MAX_VERSIONS = 4096  # in one file; glibc's libc.so.6 defines some 40

_NULL, _NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH, _FLAGS_1 = 0, 1, 5, 14, 15, 29, 0x6FFFFFFB
_VERDEF_AT, _VERDEF_COUNT, _VERNEED_AT, _VERNEED_COUNT = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_AUXILIARY, _FILTER = 0x7FFFFFFD, 0x7FFFFFFF
_DF_1_NODEFLIB, _DF_1_PIE = 0x800, 0x08000000
_VER_FLG_WEAK = 2


class VersionNeed(NamedTuple):
    """A symbol version that `library` must define; a loader does not mind the absence of a `weak` one."""

    library: bytes
    version: bytes
    weak: bool = False


@dataclass(frozen=True, slots=True)
class DynamicSection:
    """Strings are bytes as in the file. `verdef` has the names of the versions that the file defines."""

    needed: tuple[bytes, ...] = ()
    soname: bytes | None = None
    rpath: bytes | None = None
    runpath: bytes | None = None
    filters: tuple[bytes, ...] = ()  # DT_FILTER: libraries that take the place of this one's symbols
    auxiliaries: tuple[bytes, ...] = ()  # DT_AUXILIARY: the same, where they are there
    verneed: tuple[VersionNeed, ...] = ()
    verdef: tuple[bytes, ...] = ()
    pie: bool = False  # DF_1_PIE
    no_default_libraries: bool = False  # DF_1_NODEFLIB: neither ld.so.cache nor default folders


def read_dynamic(reader: ElfReader, segment: Segment) -> DynamicSection:
    """Parse PT_DYNAMIC. Raises CorruptElfError."""
    if segment.filesz > _MAX_SECTION:
        raise CorruptElfError("the dynamic section is too long")
    data = reader.read(segment.offset, segment.filesz - segment.filesz % _ENTRY.size, "the dynamic section")
    values: dict[int, int] = {}
    lists: dict[int, list[int]] = {_NEEDED: [], _FILTER: [], _AUXILIARY: []}
    for tag, value in _ENTRY.iter_unpack(data):
        if tag == _NULL:
            break
        if tag in lists:
            lists[tag].append(value)
        else:
            values[tag] = value

    def string(offset: int, what: str) -> bytes:
        if _STRTAB not in values:
            raise CorruptElfError("the dynamic section has no string table")
        return reader.string(values[_STRTAB] + offset, what)

    def optional(tag: int, what: str) -> bytes | None:
        return string(values[tag], what) if tag in values else None

    def strings(tag: int, what: str) -> tuple[bytes, ...]:
        return tuple(string(offset, what) for offset in lists[tag])

    flags = values.get(_FLAGS_1, 0)
    return DynamicSection(
        needed=strings(_NEEDED, "DT_NEEDED"),
        soname=optional(_SONAME, "DT_SONAME"),
        rpath=optional(_RPATH, "DT_RPATH"),
        runpath=optional(_RUNPATH, "DT_RUNPATH"),
        filters=strings(_FILTER, "DT_FILTER"),
        auxiliaries=strings(_AUXILIARY, "DT_AUXILIARY"),
        verneed=_read_verneed(reader, values, string),
        verdef=_read_verdef(reader, values, string),
        pie=bool(flags & _DF_1_PIE),
        no_default_libraries=bool(flags & _DF_1_NODEFLIB),
    )


def _read_verneed(
    reader: ElfReader, values: dict[int, int], string: Callable[[int, str], bytes]
) -> tuple[VersionNeed, ...]:
    found: list[VersionNeed] = []
    at = values.get(_VERNEED_AT, 0)
    for _ in range(_limited(values.get(_VERNEED_COUNT, 0) if at else 0)):
        _, count, file, aux, following = _unpack_at(reader, _VERNEED, at, "DT_VERNEED")
        name = string(file, "DT_VERNEED")
        at_aux = at + aux
        for _ in range(count):
            _, flags, _, version, next_aux = _unpack_at(reader, _VERNAUX, at_aux, "DT_VERNEED")
            found.append(VersionNeed(name, string(version, "DT_VERNEED"), bool(flags & _VER_FLG_WEAK)))
            _limited(len(found))
            if not next_aux:
                break
            at_aux += next_aux
        if not following:
            break
        at += following
    return tuple(found)


def _read_verdef(
    reader: ElfReader, values: dict[int, int], string: Callable[[int, str], bytes]
) -> tuple[bytes, ...]:
    found: list[bytes] = []
    at = values.get(_VERDEF_AT, 0)
    for _ in range(_limited(values.get(_VERDEF_COUNT, 0) if at else 0)):
        _, flags, _, count, _, aux, following = _unpack_at(reader, _VERDEF, at, "DT_VERDEF")
        if count and not flags & 1:  # VER_FLG_BASE: the file itself, no version
            name_offset = int.from_bytes(_bytes_at(reader, at + aux, 4, "DT_VERDEF"), "little")
            found.append(string(name_offset, "DT_VERDEF"))
        if not following:
            break
        at += following
    return tuple(found)


def _bytes_at(reader: ElfReader, vaddr: int, length: int, what: str) -> bytes:
    offset, room = reader.offset_of(vaddr, what)
    if room < length:
        raise CorruptElfError(f"{what} leaves its segment")
    return reader.read(offset, length, what)


def _unpack_at(reader: ElfReader, layout: struct.Struct, vaddr: int, what: str) -> tuple[int, ...]:
    return layout.unpack(_bytes_at(reader, vaddr, layout.size, what))


def _limited(count: int) -> int:
    if count > _MAX_VERSIONS:
        raise CorruptElfError("it names too many symbol versions")
    return count
