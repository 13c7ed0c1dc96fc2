"""What a function calls whatever happens: on each way from its entry to wherever the way ends."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import NamedTuple

from converter.analyze.calls.analysis import architecture_of
from converter.analyze.calls.instructions import Architecture, Branch, Step
from converter.elf.header import read_elf
from converter.elf.memory import ElfMemory
from converter.elf.relocations import read_relocations
from converter.elf.symbols import dynamic_symbols, static_symbols
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree

_OBJECT_MAX = 64 << 20  # bytes
_DEPTH_MAX = 4  # functions of the program inside each other
_WORK_MAX = 1 << 18  # steps that are looked at, all together
# Functions of the C library that do not return. What stands behind such a call is another way's.
_ENDS = frozenset(
    "exit _exit _Exit quick_exit abort __assert_fail __stack_chk_fail __libc_fatal err errx verr verrx "
    "pthread_exit longjmp siglongjmp".split()
)


class CallSite(NamedTuple):
    """A call of the function `name`, which stands at `address` in the function `caller`."""

    name: str
    address: int
    caller: str


def certain_call(tree: FileTree, path: str, function: str, wanted: frozenset[str]) -> CallSite | None:
    """A call of a function in `wanted` that `function` (a symbol, or 0x and its address) of the ELF file
    `path` makes whatever happens, itself or by functions of the program that it calls so.

    That it may give up before, in a function of its own, is not seen. None if there is none or nothing tells.
    """
    found = tree.resolve(os.fsencode(path))
    if found is None or found[1].kind is not FileKind.REGULAR or found[1].size > _OBJECT_MAX:
        return None
    data = tree.read(found[1], _OBJECT_MAX)
    try:
        elf = read_elf(io.BytesIO(data), len(data), path)
        program = _Program(ElfMemory(data, elf), architecture_of(elf.machine, path), wanted)
    except IncompatibleImageError:
        return None
    start = program.address_of(function)
    return None if start is None else program.find(start)


class _Program:
    def __init__(self, memory: ElfMemory, architecture: Architecture, wanted: frozenset[str]) -> None:
        self._memory = memory
        self._architecture = architecture
        self._wanted = wanted
        tags = memory.dynamic()
        self._relocations = read_relocations(memory, tags)
        self._symbols = dynamic_symbols(memory, tags, self._relocations.highest_symbol())
        self._names: dict[int, set[str]] = {}
        self._addresses: dict[str, int] = {}
        for each in (*self._symbols, *static_symbols(memory)):
            if each.defined and each.name and each.value:
                self._names.setdefault(each.value, set()).add(_text(each.name))
                self._addresses.setdefault(_text(each.name), each.value)
        self._seen: set[int] = set()
        self._left = _WORK_MAX

    def address_of(self, function: str) -> int | None:
        if not function.startswith("0x"):
            return self._addresses.get(function)
        try:
            return int(function, 16)
        except ValueError:
            return None

    def find(self, start: int, depth: int = 0) -> CallSite | None:
        self._seen.add(start)
        steps = dict(self._architecture.steps(self._memory, start))
        calls: dict[tuple[int | None, frozenset[str]], set[int]] = {}
        for at, step in steps.items():
            if step.call is None:
                continue
            target, names = self._called(step.call)
            if names & _ENDS:
                steps[at] = Step(step.call, ())
            elif names & self._wanted or (target not in self._seen and target is not None):
                calls.setdefault((target, names), set()).add(at)
        for (target, names), sites in calls.items():
            self._left -= len(steps)
            if self._left < 0 or not on_each_way(steps, start, sites):
                continue
            if names & self._wanted:
                first = min(step.call.address for at in sites if (step := steps[at]).call is not None)
                name = min(names & self._wanted, key=lambda each: (len(each), each))
                return CallSite(name, first, self._named(start))
            found = None if target is None or depth == _DEPTH_MAX else self.find(target, depth + 1)
            if found is not None:
                return found
        return None

    def _called(self, call: Branch) -> tuple[int | None, frozenset[str]]:
        """The function of the program that is called, or None, and its names."""
        target, slot = call.target, call.slot
        if target is not None:
            slot = self._architecture.stub_slot(self._memory, target)
        if slot in self._relocations.symbolic:
            index = self._relocations.symbolic[slot][0]
            return None, frozenset((_text(self._symbols[index].name),))
        return target, frozenset(self._names.get(target, ()) if target is not None else ())

    def _named(self, address: int) -> str:
        """As `calls/witness.py` names it."""
        return min(self._names.get(address, ()), default=f"{address:#x}")


def on_each_way(steps: Mapping[int, Step], start: int, sites: set[int]) -> bool:
    """Whether all ways from `start` come to one of `sites`, and can do so until they have.

    A way that ends before, or that goes round for ever without one, is a way that does not.
    """
    back: dict[int, list[int]] = {}
    before, todo = {start}, [start]
    while todo:
        at = todo.pop()
        if at in sites:
            continue
        if not steps[at].following:
            return False
        for after in steps[at].following:
            back.setdefault(after, []).append(at)
            if after not in before:
                before.add(after)
                todo.append(after)
    leading, todo = before & sites, list(before & sites)
    while todo:
        for at in back.get(todo.pop(), ()):
            if at not in leading:
                leading.add(at)
                todo.append(at)
    return before <= leading


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
