"""The references of one object: from each function and data object to what it calls, takes or points to.

All of it depends on the bytes of the file alone. Nodes are made when they are asked for, because of a library
only a small part can run as a rule.
"""

from __future__ import annotations

import bisect
import struct
from functools import cached_property

from converter.analyze.calls.bodies import Bodies
from converter.analyze.calls.budget import FUNCTION, Budget
from converter.analyze.calls.extents import DataExtents, Extents, FunctionExtents
from converter.analyze.calls.instructions import Architecture, Code
from converter.analyze.calls.links import COPIED, NO_REFERENCES, Links, Node, node_of
from converter.analyze.calls.texts import HeldTexts
from converter.elf.frames import Frames
from converter.elf.loader_tables import loader_tables
from converter.elf.memory import ElfMemory
from converter.elf.pclntab import go_functions
from converter.elf.relocations import Relocations, read_relocations
from converter.elf.symbols import Symbol, dynamic_symbols, static_symbols

# Go's linker has left out what cannot run, and Go code calls by tables that only its run-time library knows:
# all of it counts as reached. That says nothing about who calls it.
GO_FUNCTION = "Go function"

_MAX_TABLE = 1 << 16  # entries of a jump table
_MAX_WORDS = 1 << 24  # words of data that are looked at for one object, all together; node has 8 million
_MAX_CODE = 1 << 14  # functions that are kept as read
_MAX_START = 1 << 17  # words of init_array and its like
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


class ObjectGraph:
    """One ELF object, read as far as asked for."""

    def __init__(self, memory: ElfMemory, architecture: Architecture, budget: Budget) -> None:
        self.memory = memory
        self.architecture = architecture
        self.budget = budget
        tags = memory.dynamic()
        self._tags = tags
        self.relocations: Relocations = read_relocations(memory, tags)
        self.symbols: list[Symbol] = dynamic_symbols(memory, tags, self.relocations.highest_symbol())
        self.local_symbols: list[Symbol] = static_symbols(memory)
        self.go = go_functions(memory)
        every = [*self.symbols, *self.local_symbols]
        self._frames = Frames(memory)
        self.functions = FunctionExtents(memory, self._frames, every, [each[:2] for each in self.go])
        pointed = architecture.address_pattern(memory)
        pointed.update(self.relocations.relative.values())
        if memory.elf.type == "EXEC":
            pointed.update(memory.pointers())
        self._objects = DataExtents(memory, every, pointed, self.relocations.got_edges)
        self._slots = sorted(
            {*self.relocations.relative, *self.relocations.symbolic, *self.relocations.irelative}
        )
        tables = Extents(loader_tables(memory, tags, len(self.symbols)))
        held = HeldTexts(memory, self.functions, self._objects)
        self.texts = held.texts
        self._links = Links(
            memory, architecture, self.relocations, self.functions, self._objects, tables, held.ranges
        )
        self._absolute = memory.elf.type == "EXEC"
        self._words_left = _MAX_WORDS
        self._copies = sorted(self.relocations.copies)
        self._code: dict[int, Code] = {}
        self.bodies = Bodies(memory, architecture, self.functions, self._links, self._read, self.budget)

    def fixed_place(self) -> tuple[int, int]:
        """The addresses of an object that has them before it is loaded: [start, end); else none."""
        return (self.memory.start, self.memory.end) if self._absolute else (0, 0)

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
        left = _MAX_START
        for start, size, why in sorted(set(arrays)):
            self.memory.incomplete |= size // 8 > left
            size = min(size, 8 * left)
            left -= size // 8
            for slot in range(start, start + size - 7, 8) if start else ():
                value = self.relocations.relative.get(slot, self.memory.word(slot))
                if value is not None and self.memory.is_code(value):
                    found.append((value, why))
        found += [(resolver, "IFUNC resolver") for resolver in self.relocations.irelative.values()]
        found += [(each.start, GO_FUNCTION) for each in self.go]
        return [(address, why) for address, why in found if self.memory.is_code(address)]

    def function_at(self, address: int) -> int:
        """The function that code at `address` belongs to, by its start."""
        return self._links.function_at(address)

    def locate(self, address: int) -> tuple[bool, int] | None:
        """Summary.locate."""
        if self.memory.is_code(address):
            return True, self.function_at(address)
        return (False, self._objects.containing(address)[0]) if self.memory.is_data(address) else None

    @cached_property
    def names(self) -> dict[int, str]:
        """Names of functions and data objects by address; of several the first in byte order."""
        found: dict[int, bytes] = {each.start: each.name for each in self.go}
        for symbol in (*self.symbols, *self.local_symbols):
            if symbol.defined and symbol.name and symbol.value:
                known = found.get(symbol.value)
                if known is None or symbol.name < known:
                    found[symbol.value] = symbol.name
        return {address: name.decode("utf-8", "backslashreplace") for address, name in found.items()}

    # Nodes

    def function(self, start: int) -> Node:
        """The node of the function that begins at `start` (as function_at gives it)."""
        code, links = self._read(start), self._links
        found = set(map(links.called, code.calls))
        found.update(map(links.called, code.jumps))
        found.update(map(links.computed, code.addresses))
        found.update(map(links.read, code.reads))
        found.update(links.read(slot, called=True) for slot in code.slots)
        return node_of(found, start, code)

    def data(self, start: int) -> Node:
        """The node of the data object at `start` (as `locate` gives it)."""
        start, end = self._objects.containing(start)
        slots = self._words(start, end)
        if self._words_left < 0 or not self.budget.spend(1 + len(slots)):
            return NO_REFERENCES
        found = set(map(self._links.read, slots))
        if self._copies:
            low = bisect.bisect_left(self._copies, start)
            high = bisect.bisect_left(self._copies, max(end, start + 1))
            found.update((COPIED, self.relocations.copies[slot]) for slot in self._copies[low:high])
        return node_of(found, start) if found else NO_REFERENCES

    @property
    def exhausted(self) -> bool:
        """The object has more than is looked at, so that answers may lack something."""
        return self._words_left < 0 or self.memory.incomplete or self.budget.exhausted

    def _words(self, start: int, end: int) -> list[int]:
        """Addresses of the words that may point to something."""
        low = bisect.bisect_left(self._slots, start)
        filled = self._slots[low : bisect.bisect_left(self._slots, end)]
        if not self._absolute:
            self._words_left -= len(filled)
            return filled
        end = min(end, start + 8 * max(self._words_left, 0) + 8)
        self._words_left -= (end - start) // 8
        return sorted({*filled, *self.memory.pointing(start, end)})

    # Code

    def moved_before(self, start: int, site: int) -> tuple[int, int]:
        """Architecture.moved_before of a site in the function at `start`; the site's place in the file."""
        known = self.functions.containing(start)
        end = min(known[1], self.memory.end) if known else self.functions.limit(start)
        length = 0
        if self.budget.spend((end - start) // 4 + FUNCTION):
            length = self.architecture.moved_before(self.memory, start, end, site, whole=known is not None)
        place = self.memory.place(site)
        first = site - length
        if place is None or any(map(self.functions.is_start, range(first + 1, first + 5))):  # in the jump
            return 0, 0
        return length, place

    def constant(self, address: int) -> int | None:
        """The 64-bit word at `address` if the program cannot change it, as far as can be seen.

        That is so in read-only memory, and for a variable that nobody stores to or takes the address of.
        """
        if not self.memory.is_data(address) or self._filled_later(address):
            return None
        if self.memory.is_writable(address) and not self._is_untouched(address):
            return None
        return self.memory.word(address)

    def _filled_later(self, address: int) -> bool:
        found = self.relocations
        return address in found.relative or address in found.symbolic or address in found.irelative

    def _is_untouched(self, address: int) -> bool:
        """A variable of its own: its symbol says so, or it is Go's, whose compiler knows no other access."""
        start, end = self._objects.containing(address)
        alone = bool(self.go) or (start == address and end - start <= 8 and self._objects.is_named(address))
        if not alone or self._objects.is_computed(address) or self.memory.incomplete:
            return False
        return address not in self._stored

    @cached_property
    def _stored(self) -> frozenset[int]:
        """All words of data that code at known places stores to at fixed addresses."""
        return frozenset(slot for start in self.functions.known for slot in self._read(start).stores)

    def _read(self, start: int) -> Code:
        found = self._code.get(start)
        if found is None:
            found = self._read_new(start)
            if len(self._code) >= _MAX_CODE:
                del self._code[next(iter(self._code))]
            self._code[start] = found
        return found

    def _read_new(self, start: int) -> Code:
        memory, architecture = self.memory, self.architecture
        if self.budget.exhausted:
            return Code(end=start + 1)
        known = self.functions.containing(start)
        if known is None:
            return self._explore(start, self.functions.limit(start))
        end = min(known[1], memory.end)
        if not self.budget.spend((end - start) // 4 + FUNCTION):
            return Code(end=start + 1)
        code = architecture.sweep(memory, start, end)
        if code.falls and not self.functions.is_start(end) and (limit := self.functions.limit(end)) > end:
            # Unwind tables leave out the end of functions such as clone(2)'s, where there is no caller any
            # more.
            if not self.budget.spend((limit - start) // 4):
                return Code(end=start + 1)
            end = limit
            code = architecture.sweep(memory, start, end)
        if code.broken and not code.indirect:
            code = self._explore(start, end)
        elif code.indirect:
            code.jumps.update(target for target in self._switch(code) if not start <= target < end)
        pads, types, size = self._frames.landings(start)
        self.budget.spend(size // 4)
        code.jumps.update(pad for pad in pads if not start <= pad < end and memory.is_code(pad))
        code.reads.update(types)
        return code

    def _explore(self, start: int, limit: int) -> Code:
        architecture = self.architecture
        code = architecture.explore(self.memory, start, limit)
        cases: set[int] = set()
        while self.budget.spend(max(code.end - start, 0) + FUNCTION) and code.indirect:
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
            if not self.budget.spend(len(entries) // 64 + 1):
                return found
            for (offset,) in struct.iter_unpack("<i", entries[: len(entries) // 4 * 4]):
                if not self.memory.is_code(table + offset):
                    break
                found.add(table + offset)
        return found
