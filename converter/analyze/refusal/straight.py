"""What a function calls before anything can keep it from that: up to the first conditional branch."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import NamedTuple

from converter.analyze.calls.analysis import architecture_of
from converter.analyze.calls.instructions import Architecture
from converter.elf.header import read_elf
from converter.elf.memory import ElfMemory
from converter.elf.relocations import read_relocations
from converter.elf.symbols import dynamic_symbols, static_symbols
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree

_OBJECT_MAX = 64 << 20  # bytes
_DEPTH_MAX = 4  # functions of the program inside each other
_CALLS_MAX = 256


class CallSite(NamedTuple):
    """A call: the function's name, empty if nothing tells it, and where the call stands."""

    name: str
    address: int


def straight_calls(tree: FileTree, path: str, function: str) -> tuple[CallSite, ...]:
    """The calls that `function` (a symbol, or 0x and its address) of the ELF file `path` makes for certain.

    The program's own functions that it calls are followed. Nothing of what cannot be read.
    """
    found = tree.resolve(os.fsencode(path))
    if found is None or found[1].kind is not FileKind.REGULAR or found[1].size > _OBJECT_MAX:
        return ()
    data = tree.read(found[1], _OBJECT_MAX)
    try:
        elf = read_elf(io.BytesIO(data), len(data), path)
        program = _Program(ElfMemory(data, elf), architecture_of(elf.machine, path))
    except IncompatibleImageError:
        return ()
    start = program.address_of(function)
    return () if start is None else tuple(program.calls(start))


class _Program:
    def __init__(self, memory: ElfMemory, architecture: Architecture) -> None:
        self._memory = memory
        self._architecture = architecture
        tags = memory.dynamic()
        self._relocations = read_relocations(memory, tags)
        self._symbols = dynamic_symbols(memory, tags, self._relocations.highest_symbol())
        named = (*self._symbols, *static_symbols(memory))
        self._names = {each.value: _text(each.name) for each in named if each.defined and each.name}
        self._addresses = {_text(each.name): each.value for each in named if each.defined and each.value}
        self._left = _CALLS_MAX

    def address_of(self, function: str) -> int | None:
        if not function.startswith("0x"):
            return self._addresses.get(function)
        try:
            return int(function, 16)
        except ValueError:
            return None

    def calls(self, start: int, depth: int = 0) -> Iterator[CallSite]:
        for branch in self._architecture.straight(self._memory, start):
            self._left -= 1
            if self._left < 0:
                return
            target, slot = branch.target, branch.slot
            if target is not None:
                slot = self._architecture.stub_slot(self._memory, target)
            if slot in self._relocations.symbolic:
                index = self._relocations.symbolic[slot][0]
                yield CallSite(_text(self._symbols[index].name), branch.address)
            elif target is not None:
                yield CallSite(self._names.get(target, ""), branch.address)
                if depth < _DEPTH_MAX:
                    yield from self.calls(target, depth + 1)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
