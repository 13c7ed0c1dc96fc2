"""Go's function table (`pclntab`): every function of a Go program, also of a stripped one.

Format: Go's own debug/gosym package and internal/abi; magic numbers of Go 1.16, 1.18 and 1.20.
"""

from __future__ import annotations

import itertools
import struct
from typing import NamedTuple

from converter.elf.memory import ElfMemory

_HEADER = struct.Struct("<IHBB")
_MAGICS = {0xFFFFFFFA: "1.16", 0xFFFFFFF0: "1.18", 0xFFFFFFF1: "1.20"}
_MAX_FUNCTIONS = 1 << 20
_MAX_NAME = 256  # bytes that are read; those of generic functions can be longer
_NAMES = (b".gopclntab", b".data.rel.ro.gopclntab")


class GoFunction(NamedTuple):
    """A function of Go code: [start, end), and its name with the path of its package."""

    start: int
    end: int
    name: bytes


def go_functions(memory: ElfMemory) -> list[GoFunction]:
    """All functions of Go code, ascending; empty for other objects."""
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


def _read(memory: ElfMemory, table: int) -> list[GoFunction]:
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
        entry, base, names, functions = struct.Struct("<QQ"), 0, table + words[2], table + words[6]
    else:
        base = words[2] or _text_start(memory)
        entry, names, functions = struct.Struct("<II"), table + words[3], table + words[7]
    data = memory.view(functions, entry.size * (count + 1))
    rows = list(entry.iter_unpack(data[: len(data) // entry.size * entry.size]))
    found = []
    for (start, about), (end, _) in itertools.pairwise(rows):
        if start < end and memory.is_code(base + start):
            name = memory.view(functions + about + entry.size // 2, 4)  # the field behind the entry's offset
            text = memory.view(names + int.from_bytes(name, "little", signed=True), _MAX_NAME)
            found.append(GoFunction(base + start, base + end, text.partition(b"\0")[0]))
    return found


def _text_start(memory: ElfMemory) -> int:
    """Newer linkers leave the start of the text out of the header: it is that of the section .text."""
    for section in memory.sections:
        if section.name == b".text":
            return section.address
    return memory.executable[0][0] if memory.executable else 0
