"""Symbol tables: what an object defines and what it asks for (gABI, Symbol Table; LSB, Symbol Versioning)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from converter.elf.memory import SHT_SYMTAB, ElfMemory

_SYM = struct.Struct("<IBBHQQ")
_VERNEED = struct.Struct("<HHIII")
_VERNAUX = struct.Struct("<IHHII")
_VERDEF = struct.Struct("<HHHHIII")
MAX_SYMBOLS = 1 << 19  # looked at in one table; libcrypto has 6 k, LLVM's library 40 k
_MAX_VERSIONS = 4096
_MAX_NAMES = 1 << 26  # bytes of the names of one table; those of C++ have 60 on average

STT_OBJECT, STT_FUNC, STT_TLS, STT_GNU_IFUNC = 1, 2, 6, 10
DT_HASH, DT_STRTAB, DT_SYMTAB, DT_GNU_HASH = 4, 5, 6, 0x6FFFFEF5
_DT_VERSYM, _DT_VERDEF, _DT_VERDEFNUM = 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
_SHN_ABS = 0xFFF1


class Symbol(NamedTuple):
    """One entry. `version` is empty without one; `hidden`: found only by those who ask for its version."""

    name: bytes
    value: int
    size: int
    type: int
    defined: bool
    version: bytes
    hidden: bool


def dynamic_symbols(memory: ElfMemory, tags: dict[int, int], wanted: int = 0) -> list[Symbol]:
    """The dynamic symbol table, at most MAX_SYMBOLS of it; indices are those of relocations.

    `wanted`: the highest index that relocations use, for files whose hash tables do not say the length.
    """
    count = max(_count(memory, tags), wanted + 1)
    memory.incomplete |= count > MAX_SYMBOLS
    count = min(count, MAX_SYMBOLS)
    data = memory.view(tags.get(DT_SYMTAB, 0), count * _SYM.size) if DT_SYMTAB in tags else b""
    count = len(data) // _SYM.size
    strings = memory.view(tags.get(DT_STRTAB, 0), min(tags.get(10, 0), 1 << 26))
    versym = memory.view(tags[_DT_VERSYM], 2 * count) if _DT_VERSYM in tags else b""
    versions = _versions(memory, tags, strings)
    indices = struct.unpack(f"<{len(versym) // 2}H", versym[: len(versym) // 2 * 2])
    found = []
    room = _MAX_NAMES
    for at, (name, info, _, section, value, size) in enumerate(_SYM.iter_unpack(data[: count * _SYM.size])):
        index = indices[at] if at < len(indices) else 1
        text = _string(strings, name)
        room -= len(text)
        if room < 0:
            memory.incomplete = True
            break
        found.append(
            Symbol(
                text,
                value,
                size,
                info & 15,
                section != 0 and section != _SHN_ABS and info >> 4 != 0,
                versions.get(index & 0x7FFF, b""),
                bool(index & 0x8000),
            )
        )
    return found


def static_symbols(memory: ElfMemory) -> list[Symbol]:
    """Functions and objects of .symtab, where the file was not stripped; no sections, no absolute values.

    At most MAX_SYMBOLS are looked at: they make the answers better, nothing depends on them.
    """
    found: list[Symbol] = []
    left, room = MAX_SYMBOLS, _MAX_NAMES
    for section in memory.sections:
        if section.type != SHT_SYMTAB or section.link >= len(memory.sections):
            continue
        size = min(section.size, left * _SYM.size)
        data = memory.data[section.offset : section.offset + size]
        names = memory.sections[section.link]
        strings = memory.data[names.offset : names.offset + min(names.size, 1 << 28)]
        left -= len(data) // _SYM.size
        for name, info, _, shndx, value, length in _SYM.iter_unpack(
            data[: len(data) // _SYM.size * _SYM.size]
        ):
            if room < 0:
                return found
            kind = info & 15
            if shndx not in (0, _SHN_ABS) and kind in (0, STT_OBJECT, STT_FUNC, STT_GNU_IFUNC):
                text = _string(strings, name)
                room -= len(text)
                found.append(Symbol(text, value, length, kind, True, b"", False))
    return found


def _string(strings: bytes, at: int) -> bytes:
    end = strings.find(b"\0", at, at + 4096)
    return strings[at:end] if end >= 0 else b""


def _count(memory: ElfMemory, tags: dict[int, int]) -> int:
    """How many symbols there are: DT_HASH says it, DT_GNU_HASH lets it be found out."""
    if DT_HASH in tags:
        head = memory.view(tags[DT_HASH], 8)
        if len(head) == 8:
            return int.from_bytes(head[4:], "little")
    if DT_GNU_HASH not in tags:
        return 0
    table = tags[DT_GNU_HASH]
    head = memory.view(table, 16)
    if len(head) < 16:
        return 0
    buckets, offset, bloom, _ = struct.unpack("<IIII", head)
    buckets, bloom = min(buckets, MAX_SYMBOLS), min(bloom, MAX_SYMBOLS)
    at = table + 16 + 8 * bloom
    data = memory.view(at, 4 * buckets)
    last: int = max(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]), default=0)
    if last < offset:
        return min(int(offset), MAX_SYMBOLS)
    chain = memory.view(at + 4 * buckets + 4 * (last - offset), 4 * MAX_SYMBOLS)
    for (value,) in struct.iter_unpack("<I", chain[: len(chain) // 4 * 4]):
        last += 1
        if value & 1:
            break
    return int(last)


def _versions(memory: ElfMemory, tags: dict[int, int], strings: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    left = _MAX_VERSIONS
    at = tags.get(_DT_VERNEED, 0)
    for _ in range(min(tags.get(_DT_VERNEEDNUM, 0), _MAX_VERSIONS) if at else 0):
        head = memory.view(at, _VERNEED.size)
        if len(head) < _VERNEED.size:
            break
        _, count, _, aux, following = _VERNEED.unpack(head)
        each = at + aux
        for _ in range(min(count, left)):
            left -= 1
            entry = memory.view(each, _VERNAUX.size)
            if len(entry) < _VERNAUX.size:
                break
            _, _, index, name, step = _VERNAUX.unpack(entry)
            found[index & 0x7FFF] = _string(strings, name)
            if not step:
                break
            each += step
        if not following:
            break
        at += following
    at = tags.get(_DT_VERDEF, 0)
    for _ in range(min(tags.get(_DT_VERDEFNUM, 0), _MAX_VERSIONS) if at else 0):
        head = memory.view(at, _VERDEF.size)
        if len(head) < _VERDEF.size:
            break
        _, flags, index, _, _, aux, following = _VERDEF.unpack(head)
        name_at = memory.view(at + aux, 4)
        if len(name_at) == 4 and not flags & 1:  # VER_FLG_BASE names the file
            found[index & 0x7FFF] = _string(strings, int.from_bytes(name_at, "little"))
        if not following:
            break
        at += following
    return found
