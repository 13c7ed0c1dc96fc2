"""Dynamic relocations: which words of the image the loader fills, and with what (psABI, Relocation Types)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from converter.elf.memory import ElfMemory

_RELA = struct.Struct("<QQq")
MAX_RELOCATIONS = 1 << 20  # of one object; libcrypto has 20 k, node 100 k, a JVM 60 k
_DT_PLTRELSZ, _DT_RELA, _DT_RELASZ, _DT_JMPREL = 2, 7, 8, 23
_DT_RELRSZ, _DT_RELR = 35, 36
_ADDRESS_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class _Types:
    """Numbers of the relocation types that place addresses of code and data.

    got: types that only words of the global offset table have, and how many words it has for each
    """

    relative: int
    irelative: int
    copy: int
    symbolic: frozenset[int]
    got: dict[int, int]


_TYPES = {  # RELATIVE IRELATIVE COPY; 64 GLOB_DAT JUMP_SLOT; GLOB_DAT JUMP_SLOT TPOFF64 DTPMOD64 TLSDESC
    "amd64": _Types(8, 37, 5, frozenset({1, 6, 7}), {6: 1, 7: 1, 18: 1, 16: 2, 36: 2}),
    "arm64": _Types(
        1027, 1032, 1024, frozenset({257, 1025, 1026}), {1025: 1, 1026: 1, 1030: 1, 1028: 2, 1031: 2}
    ),
}
_WORD = 8  # bytes


@dataclass(slots=True)
class Relocations:
    """By the address of the word that is filled.

    relative:  address inside the object (the addend; the load address is taken as 0)
    symbolic:  (index of a dynamic symbol, addend)
    irelative: resolver function that the loader calls for the value
    copies:    index of the symbol whose initial contents come from the library that defines it
    got_edges: where entries of the global offset table begin and end: code takes the address of one (a TLS
               descriptor, "ELF Handling for Thread-Local Storage", 3.4), and has no business beyond it
    """

    relative: dict[int, int] = field(default_factory=dict)
    symbolic: dict[int, tuple[int, int]] = field(default_factory=dict)
    irelative: dict[int, int] = field(default_factory=dict)
    copies: dict[int, int] = field(default_factory=dict)
    got_edges: set[int] = field(default_factory=set)

    def highest_symbol(self) -> int:
        used = (index for index, _ in self.symbolic.values())
        return max(max(used, default=0), max(self.copies.values(), default=0))


def read_relocations(memory: ElfMemory, tags: dict[int, int]) -> Relocations:
    """All dynamic relocations, at most MAX_RELOCATIONS. Static programs have only IRELATIVE ones."""
    types = _TYPES.get(memory.elf.machine)
    found = Relocations()
    if types is None:
        return found
    tables = [
        (tags.get(_DT_RELA, 0), tags.get(_DT_RELASZ, 0)),
        (tags.get(_DT_JMPREL, 0), tags.get(_DT_PLTRELSZ, 0)),
    ]
    if not tags:  # static at a fixed address: the linker's __rela_iplt_start is known by section only
        tables = [
            (section.address, section.size)
            for section in memory.sections
            if section.name.startswith(b".rela")
        ]
    left = MAX_RELOCATIONS
    for at, size in tables:
        count = size // _RELA.size if at else 0
        memory.incomplete |= count > left
        data = memory.view(at, min(count, left) * _RELA.size)
        left -= len(data) // _RELA.size
        _read_table(data[: len(data) // _RELA.size * _RELA.size], types, found)
    if tags.get(_DT_RELR):
        size = tags.get(_DT_RELRSZ, 0)
        memory.incomplete |= size > 8 * MAX_RELOCATIONS
        _read_relr(memory, memory.view(tags[_DT_RELR], min(size, 8 * MAX_RELOCATIONS)), found)
    return found


def _read_table(data: bytes, types: _Types, found: Relocations) -> None:
    relative, symbolic, kinds = found.relative, found.symbolic, types.symbolic
    is_relative = types.relative
    for slot, info, addend in _RELA.iter_unpack(data):
        kind = info & 0xFFFFFFFF
        if kind == is_relative:
            relative[slot] = addend & _ADDRESS_MASK
        elif kind in kinds:
            symbolic[slot] = (info >> 32, addend)
        elif kind == types.irelative:
            found.irelative[slot] = addend & _ADDRESS_MASK
        elif kind == types.copy:
            found.copies[slot] = info >> 32
        if words := types.got.get(kind):
            found.got_edges.update((slot, slot + words * _WORD))


def _read_relr(memory: ElfMemory, data: bytes, found: Relocations) -> None:
    """DT_RELR: an even word is an address, an odd one a bitmap of the 63 words that follow (gABI)."""
    where = 0
    for (entry,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8]):
        if not entry & 1:
            slots = [entry]
            where = entry + 8
        else:
            slots = [where + 8 * bit for bit in range(63) if entry >> (bit + 1) & 1]
            where += 63 * 8
        if len(found.relative) > MAX_RELOCATIONS:
            memory.incomplete = True
            return
        for slot in slots:
            value = memory.word(slot)
            if value is not None:
                found.relative[slot] = value
