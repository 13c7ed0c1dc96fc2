"""Where functions and data objects begin and end, also in stripped files.

Functions: unwind tables, symbols with a size, Go's function table. Data: symbols with a size; else an
object ends where the next one begins, that is at the next address that code computes or that a word of data
points to.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from converter.elf.frames import Frames
from converter.elf.memory import ElfMemory
from converter.elf.symbols import STT_FUNC, STT_GNU_IFUNC, STT_OBJECT, Symbol


class Extents:
    """Sorted ranges that do not overlap: (start, end), looked up by an address inside."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self.starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(set(ranges)):
            if self.starts and start < self._ends[-1]:
                if start == self.starts[-1]:
                    self._ends[-1] = end
                continue
            self.starts.append(start)
            self._ends.append(end)

    def containing(self, address: int) -> tuple[int, int] | None:
        at = bisect.bisect_right(self.starts, address) - 1
        return (self.starts[at], self._ends[at]) if at >= 0 and address < self._ends[at] else None


class FunctionExtents:
    """Functions of an object. `known` are starts that are sure; code between them is found by following
    it.
    """

    def __init__(
        self, memory: ElfMemory, frames: Frames, symbols: Iterable[Symbol], go: Iterable[tuple[int, int]]
    ) -> None:
        self._memory = memory
        self._frames = frames
        functions = [
            symbol
            for symbol in symbols
            if symbol.defined and symbol.type in (0, STT_FUNC, STT_GNU_IFUNC) and memory.is_code(symbol.value)
        ]
        self._named = Extents(
            [(symbol.value, symbol.value + symbol.size) for symbol in functions if symbol.size] + list(go)
        )
        self._begins = frozenset(frames.starts)
        self.known = sorted(
            {symbol.value for symbol in functions} | set(frames.starts) | set(self._named.starts)
        )

    def containing(self, address: int) -> tuple[int, int] | None:
        """The [start, end) of the known function around `address`."""
        found = self._frames.containing(address)
        if found is None:
            found = self._named.containing(address)
        return found

    def begins(self, address: int) -> bool:
        """The unwind table has a function that begins at `address`."""
        return address in self._begins

    def is_start(self, address: int) -> bool:
        at = bisect.bisect_left(self.known, address)
        return at < len(self.known) and self.known[at] == address

    def limit(self, address: int) -> int:
        """How far code that begins at `address`, outside all known functions, can go."""
        at = bisect.bisect_right(self.known, address)
        following = self.known[at] if at < len(self.known) else self._memory.end
        for low, high in self._memory.executable:
            if low <= address < high:
                return min(following, high)
        return address


class DataExtents:
    """Data objects. `computed`: all addresses that may be the start of one; `known`: where some are."""

    def __init__(
        self, memory: ElfMemory, symbols: Iterable[Symbol], computed: Iterable[int], known: Iterable[int]
    ) -> None:
        objects = [
            symbol
            for symbol in symbols
            if symbol.defined and symbol.type in (0, STT_OBJECT) and memory.is_data(symbol.value)
        ]
        self._named = Extents((symbol.value, symbol.value + symbol.size) for symbol in objects if symbol.size)
        self._computed = frozenset(computed)
        edges = {symbol.value for symbol in objects} | set(self._named.starts) | set(known)
        edges.update(address for address in self._computed if memory.is_data(address))
        edges.update(section.address for section in memory.sections if section.address)
        for load in memory.elf.loads:
            edges.update((load.vaddr, load.vaddr + load.memsz))
        self.edges = sorted(edges)

    def containing(self, address: int) -> tuple[int, int]:
        """The object that a pointer to `address` gives access to."""
        found = self._named.containing(address)
        if found is not None:
            return found
        return address, self.following(address)

    def holding(self, address: int) -> int:
        """Where the object that `address` lies in begins."""
        found = self._named.containing(address)
        if found is not None:
            return found[0]
        at = bisect.bisect_right(self.edges, address) - 1
        return self.edges[at] if at >= 0 else address

    def between(self, low: int, high: int) -> list[int]:
        """The edges above `low` and below `high`."""
        return self.edges[bisect.bisect_right(self.edges, low) : bisect.bisect_left(self.edges, high)]

    def is_named(self, address: int) -> bool:
        """A symbol says where the object around `address` begins and ends."""
        return self._named.containing(address) is not None

    def is_computed(self, address: int) -> bool:
        """Code or a word of data may hold `address` itself."""
        return address in self._computed

    def following(self, address: int) -> int:
        """The next edge above `address`."""
        at = bisect.bisect_right(self.edges, address)
        return self.edges[at] if at < len(self.edges) else address
