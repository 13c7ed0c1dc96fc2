"""Go's function table (`pclntab`): every function of a Go program, also of a stripped one.

Format: Go's own debug/gosym package and internal/abi; magic numbers of Go 1.16, 1.18 and 1.20.
"""

from __future__ import annotations

import itertools
import struct

from converter.elf.memory import ElfMemory

_HEADER = struct.Struct("<IHBB")
_MAGICS = {0xFFFFFFFA: "1.16", 0xFFFFFFF0: "1.18", 0xFFFFFFF1: "1.20"}
_MAX_FUNCTIONS = 1 << 20
_NAMES = (b".gopclntab", b".data.rel.ro.gopclntab")


def go_functions(memory: ElfMemory) -> list[tuple[int, int]]:
    """[start, end) of all functions of Go code, ascending; empty for other objects."""
    for section in memory.sections:
        if section.name in _NAMES:
            return _read(memory, section.address)
    if any(section.name == b".text" for section in memory.sections):
        return []
    for load in memory.elf.loads:  # no section headers: the table begins with its magic number, 8-aligned
        data = memory.view(load.vaddr, load.filesz)
        for magic in _MAGICS:
            at = data.find(struct.pack("<IHBB", magic, 0, 1, 8))
            if at >= 0 and (found := _read(memory, load.vaddr + at)):
                return found
    return []


def _read(memory: ElfMemory, table: int) -> list[tuple[int, int]]:
    head = memory.view(table, 72)
    if len(head) < 72:
        return []
    magic, _, _, pointer_size = _HEADER.unpack_from(head)
    version = _MAGICS.get(magic)
    if version is None or pointer_size != 8:
        return []
    words = struct.unpack_from("<8Q", head, 8)
    count = min(words[0], _MAX_FUNCTIONS)
    if version == "1.16":
        rows = memory.view(table + words[6], 16 * count + 8)
        starts = [row[0] for row in struct.iter_unpack("<Q8x", rows[: len(rows) // 16 * 16])]
        starts += [int.from_bytes(rows[16 * count : 16 * count + 8], "little")]
    else:
        base = words[2] or _text_start(memory)
        rows = memory.view(table + words[7], 8 * count + 4)
        starts = [base + row[0] for row in struct.iter_unpack("<I4x", rows[: len(rows) // 8 * 8])]
        starts += [base + int.from_bytes(rows[8 * count : 8 * count + 4], "little")]
    pairs = itertools.pairwise(starts)
    return [(start, end) for start, end in pairs if start < end and memory.is_code(start)]


def _text_start(memory: ElfMemory) -> int:
    """Newer linkers leave the start of the text out of the header: it is that of the section .text."""
    for section in memory.sections:
        if section.name == b".text":
            return section.address
    return memory.executable[0][0] if memory.executable else 0
