"""The references of one object: from each function and data object to what it calls, takes or points to.

All of it depends on the bytes of the file alone. Nodes are made when they are asked for, because of a library
only a small part can run as a rule.
"""

from __future__ import annotations

import bisect
import struct
from typing import NamedTuple

from converter.analyze.calls.extents import DataExtents, FunctionExtents
from converter.analyze.calls.instructions import Architecture, Code, Slicer
from converter.elf.frames import Frames
from converter.elf.memory import ElfMemory
from converter.elf.pclntab import go_functions
from converter.elf.relocations import Relocations, read_relocations
from converter.elf.symbols import Symbol, dynamic_symbols, static_symbols

_MAX_TABLE = 1 << 16  # entries of a jump table
_MAX_WORDS = 1 << 22  # words of data that are looked at for one object, all together
_MAX_FRAGMENTS = 16
_MAX_SLICERS = 64
_DT_INIT, _DT_FINI, _DT_INIT_ARRAY, _DT_FINI_ARRAY, _DT_INIT_ARRAYSZ, _DT_FINI_ARRAYSZ = (
    12,
    13,
    25,
    26,
    27,
    28,
)
_DT_SYMBOLIC, _DT_FLAGS, _DT_PREINIT_ARRAY, _DT_PREINIT_ARRAYSZ, _DF_SYMBOLIC = 16, 30, 32, 33, 2
_START_SECTIONS = {b".preinit_array", b".init_array", b".fini_array", b".ctors", b".dtors"}


class Node(NamedTuple):
    """What a function or data object refers to.

    calls:   functions that it calls or jumps to         taken:  functions whose address it takes
    data:    data objects                                imports: dynamic symbols that it calls (indices)
    loaded:  dynamic symbols whose address it loads      copied: symbols whose contents are copied into it
    sites:   its system call instructions                foreign: those of other interfaces, with their name
    """

    calls: tuple[int, ...] = ()
    taken: tuple[int, ...] = ()
    data: tuple[int, ...] = ()
    imports: tuple[int, ...] = ()
    loaded: tuple[int, ...] = ()
    copied: tuple[int, ...] = ()
    sites: tuple[int, ...] = ()
    foreign: tuple[tuple[int, str], ...] = ()


class _Links:
    """Collects the references of a node, in the order of their kinds."""

    def __init__(self) -> None:
        self.calls: set[int] = set()
        self.taken: set[int] = set()
        self.data: set[int] = set()
        self.imports: set[int] = set()
        self.loaded: set[int] = set()
        self.copied: set[int] = set()

    def node(self, code: Code | None = None) -> Node:
        return Node(
            tuple(sorted(self.calls)),
            tuple(sorted(self.taken)),
            tuple(sorted(self.data)),
            tuple(sorted(self.imports)),
            tuple(sorted(self.loaded)),
            tuple(sorted(self.copied)),
            tuple(sorted(code.sites)) if code else (),
            tuple(sorted(code.foreign)) if code else (),
        )


class ObjectGraph:
    """One ELF object, read as far as asked for."""

    def __init__(self, memory: ElfMemory, architecture: Architecture) -> None:
        self.memory = memory
        self.architecture = architecture
        tags = memory.dynamic()
        self._tags = tags
        self.relocations: Relocations = read_relocations(memory, tags)
        self.symbols: list[Symbol] = dynamic_symbols(memory, tags, self.relocations.highest_symbol())
        self.local_symbols: list[Symbol] = static_symbols(memory)
        self.go = go_functions(memory)
        every = [*self.symbols, *self.local_symbols]
        self._frames = Frames(memory)
        self.functions = FunctionExtents(memory, self._frames, every, self.go)
        pointed = [*self.relocations.relative.values(), *architecture.address_pattern(memory)]
        self._objects = DataExtents(memory, every, pointed)
        self._slots = sorted(
            {*self.relocations.relative, *self.relocations.symbolic, *self.relocations.irelative}
        )
        self._absolute = memory.elf.type == "EXEC"
        self._words_left = _MAX_WORDS
        self._code: dict[int, Code] = {}
        self._slicers: dict[int, Slicer] = {}

    # What runs without being called by the object itself.

    def symbolic(self) -> bool:
        """DT_SYMBOLIC: the object looks for symbols in itself first."""
        return _DT_SYMBOLIC in self._tags or bool(self._tags.get(_DT_FLAGS, 0) & _DF_SYMBOLIC)

    def start_functions(self) -> list[tuple[int, str]]:
        """What loader and start-up code run: (address, why). The entry point is not among them."""
        found = [
            (self._tags[tag], why)
            for tag, why in ((_DT_INIT, "DT_INIT"), (_DT_FINI, "DT_FINI"))
            if self._tags.get(tag)
        ]
        arrays = [
            (self._tags.get(_DT_PREINIT_ARRAY, 0), self._tags.get(_DT_PREINIT_ARRAYSZ, 0), "preinit_array"),
            (self._tags.get(_DT_INIT_ARRAY, 0), self._tags.get(_DT_INIT_ARRAYSZ, 0), "init_array"),
            (self._tags.get(_DT_FINI_ARRAY, 0), self._tags.get(_DT_FINI_ARRAYSZ, 0), "fini_array"),
        ]
        for section in self.memory.sections:
            if section.name in _START_SECTIONS:
                arrays.append((section.address, section.size, section.name.decode().lstrip(".")))
            elif section.name in (b".init", b".fini"):
                found.append((section.address, section.name.decode()))
        for start, size, why in arrays:
            for slot in range(start, start + min(size, 1 << 16) - 7, 8) if start else ():
                value = self.relocations.relative.get(slot, self.memory.word(slot))
                if value is not None and self.memory.is_code(value):
                    found.append((value, why))
        found += [(resolver, "IFUNC resolver") for resolver in self.relocations.irelative.values()]
        found += [(start, "Go function") for start, _ in self.go]
        return [(address, why) for address, why in found if self.memory.is_code(address)]

    def function_at(self, address: int) -> int:
        """The function that code at `address` belongs to, by its start."""
        found = self.functions.containing(address)
        return found[0] if found else address

    def data_at(self, address: int) -> int:
        return self._objects.containing(address)[0]

    def names(self) -> list[tuple[int, str]]:
        """Names of functions and data objects by address, ascending; of several the first in byte order."""
        found: dict[int, bytes] = {}
        for symbol in (*self.symbols, *self.local_symbols):
            if symbol.defined and symbol.name and symbol.value:
                known = found.get(symbol.value)
                if known is None or symbol.name < known:
                    found[symbol.value] = symbol.name
        return [(address, found[address].decode("utf-8", "backslashreplace")) for address in sorted(found)]

    # Nodes

    def function(self, start: int) -> Node:
        """The node of the function that begins at `start` (as function_at gives it)."""
        code = self._read(start)
        links = _Links()
        for target in code.calls:
            self._call(target, links)
        for target in code.jumps:
            self._call(target, links)
        for address in code.addresses:
            self._take(address, links)
        for slot in code.slots:
            self._slot(slot, links, called=True)
        for slot in code.reads:
            self._slot(slot, links, called=False)
        links.calls.discard(start)
        return links.node(code)

    def data(self, start: int) -> Node:
        """The node of the data object at `start` (as data_at gives it)."""
        links = _Links()
        start, end = self._objects.containing(start)
        slots = self._words(start, end)
        self._words_left -= len(slots)
        if self._words_left < 0:
            return Node()
        for slot in slots:
            self._slot(slot, links, called=False)
        for slot, index in self.relocations.copies.items():
            if start <= slot < max(end, start + 1):
                links.copied.add(index)
        links.data.discard(start)
        return links.node()

    @property
    def exhausted(self) -> bool:
        """The object has more data than is looked at, so that its nodes may lack references."""
        return self._words_left < 0

    def _words(self, start: int, end: int) -> list[int]:
        if self._absolute:
            return list(range(start + -start % 8, min(end, start + 8 * (_MAX_WORDS + 1)) - 7, 8))
        low = bisect.bisect_left(self._slots, start)
        return self._slots[low : bisect.bisect_left(self._slots, end)]

    def _call(self, target: int, links: _Links) -> None:
        if not self.memory.is_code(target):
            return
        slot = self.architecture.stub_slot(self.memory, target)
        if slot is not None and (self._filled(slot) or not self.functions.is_start(target)):
            self._slot(slot, links, called=True)
        else:
            links.calls.add(self.function_at(target))

    def _filled(self, slot: int) -> bool:
        found = self.relocations
        return slot in found.symbolic or slot in found.irelative or slot in found.relative

    def _take(self, address: int, links: _Links) -> None:
        """The address of code or data becomes known to the program."""
        if not self.memory.is_code(address):
            if self.memory.start <= address < self.memory.end:
                links.data.add(self.data_at(address))
            return
        slot = self.architecture.stub_slot(self.memory, address)
        if slot is not None and self._filled(slot):
            self._slot(slot, links, called=False)
        else:
            links.taken.add(self.function_at(address))

    def _slot(self, slot: int, links: _Links, *, called: bool) -> None:
        """The word at `slot` is read: what the loader put there becomes known."""
        found = self.relocations
        if slot in found.relative:
            self._take(found.relative[slot], links)
        elif slot in found.symbolic:
            (links.imports if called else links.loaded).add(found.symbolic[slot][0])
        elif slot in found.irelative:
            links.taken.add(self.function_at(found.irelative[slot]))
        elif self._absolute:
            value = self.memory.word(slot)
            if value is None or not self.memory.start <= value < self.memory.end:
                return
            if not self.memory.is_code(value):
                links.data.add(self.data_at(value))
            elif self.functions.is_start(value) or self.functions.containing(value) is None:
                links.taken.add(self.function_at(value))
        elif slot in found.copies:
            links.copied.add(found.copies[slot])

    # Code

    def body(self, start: int) -> tuple[tuple[int, int], ...]:
        """The ranges of a function: itself, and the cold parts that it jumps into and that jump back."""
        ranges: dict[int, int] = {start: self._read(start).end}
        todo = [start]
        while todo and len(ranges) < _MAX_FRAGMENTS:
            at = todo.pop()
            for target in sorted(self._read(at).jumps):
                other = self.functions.containing(target)
                if other is None or other[0] in ranges:
                    continue
                returns = any(
                    any(low < back < high for low, high in ranges.items())
                    for back in self._read(other[0]).jumps
                )
                if returns or other[0] != target:
                    ranges[other[0]] = other[1]
                    todo.append(other[0])
        return ((start, ranges.pop(start)), *sorted(ranges.items()))

    def slicer(self, start: int) -> Slicer:
        """The function at `start`, for questions about values; the last few are kept."""
        found = self._slicers.pop(start, None)
        if found is None:
            found = self.architecture.slicer(self.memory, self.body(start))
            if len(self._slicers) >= _MAX_SLICERS:
                del self._slicers[next(iter(self._slicers))]
        self._slicers[start] = found
        return found

    def transfers(
        self, start: int, addresses: tuple[int, ...], symbols: tuple[int, ...]
    ) -> tuple[tuple[int, bool], ...]:
        """Where the function at `start` calls (True) or jumps to one of `addresses` or `symbols`."""
        found = []
        for branch in self.slicer(start).branches():
            links = _Links()
            if branch.target is not None:
                self._call(branch.target, links)
            elif branch.slot is not None:
                self._slot(branch.slot, links, called=True)
            called = links.calls | links.taken
            if not called.isdisjoint(addresses) or not links.imports.isdisjoint(symbols):
                found.append((branch.address, branch.is_call))
        return tuple(found)

    def _read(self, start: int) -> Code:
        found = self._code.get(start)
        if found is None:
            found = self._code[start] = self._read_new(start)
        return found

    def _read_new(self, start: int) -> Code:
        memory, architecture = self.memory, self.architecture
        known = self.functions.containing(start)
        if known is None:
            return self._explore(start, self.functions.limit(start))
        end = known[1]
        code = architecture.sweep(memory, start, end)
        if code.falls and (limit := self.functions.limit(end)) > end:
            # Unwind tables leave out the end of functions such as clone(2)'s, where there is no caller any
            # more.
            end = limit
            code = architecture.sweep(memory, start, end)
        if code.broken and not code.indirect:
            code = self._explore(start, end)
        elif code.indirect:
            code.jumps.update(target for target in self._switch(code) if not start <= target < end)
        pads, types = self._frames.landings(start)
        code.jumps.update(pad for pad in pads if not start <= pad < end and memory.is_code(pad))
        code.reads.update(types)
        return code

    def _explore(self, start: int, limit: int) -> Code:
        architecture = self.architecture
        code = architecture.explore(self.memory, start, limit)
        cases: set[int] = set()
        while code.indirect:
            more = self._switch(code) - cases
            if not more:
                break
            cases |= more
            code = architecture.explore(self.memory, start, limit, tuple(sorted(cases)))
        return code if not code.broken else Code(end=code.end)

    def _switch(self, code: Code) -> set[int]:
        """Targets of jump tables: 32-bit offsets from the table's start, as compilers write them for PIC."""
        found: set[int] = set()
        for table in code.addresses:
            if table % 4 or not self.memory.is_data(table):
                continue
            size = min(self._objects.following(table) - table, 4 * _MAX_TABLE)
            entries = self.memory.view(table, max(size, 0))
            for (offset,) in struct.iter_unpack("<i", entries[: len(entries) // 4 * 4]):
                if not self.memory.is_code(table + offset):
                    break
                found.add(table + offset)
        return found
