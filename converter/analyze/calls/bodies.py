"""Questions about the code of one function of an object: values of registers, and where it calls what.

A function is its unwind table's range and the cold parts that the compiler moved elsewhere. The last few that
were asked about are kept decoded. Of one that is too large to be held nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from converter.analyze.calls.budget import BODY, Budget
from converter.analyze.calls.extents import FunctionExtents
from converter.analyze.calls.instructions import Architecture, Code, Slicer, Value
from converter.analyze.calls.links import CALL, IMPORT, LOADED, TAKEN, Link, Links
from converter.elf.memory import ElfMemory

_MAX_FRAGMENTS = 16
_MAX_BODY = 1 << 20  # bytes of one function: some 80 MB when it is decoded; the largest parsers have 300 KB
_MAX_KEPT = 64  # functions, together at most _MAX_BODY beside the last one
_UNKNOWN: frozenset[Value] = frozenset({None})


@dataclass(slots=True)
class _Body:
    """A decoded function; `branches`: what it calls and jumps to -> (instruction, whether it is a call)."""

    slicer: Slicer
    size: int
    branches: dict[Link, list[tuple[int, bool]]] | None = field(default=None)


class Bodies:
    """The functions of one object; `read` gives what one of them refers to."""

    def __init__(
        self,
        memory: ElfMemory,
        architecture: Architecture,
        functions: FunctionExtents,
        links: Links,
        read: Callable[[int], Code],
        budget: Budget,
    ) -> None:
        self._memory = memory
        self._architecture = architecture
        self._functions = functions
        self._links = links
        self._read = read
        self._budget = budget
        self._kept: dict[int, _Body] = {}
        self._size = 0

    def values(self, start: int, at: int, register: int) -> frozenset[Value]:
        """Slicer.values of the function at `start`."""
        body = self._body(start)
        return body.slicer.values(at, register) if body else _UNKNOWN

    def stack_values(self, start: int, at: int, offset: int) -> frozenset[Value]:
        """Slicer.stack_values of the function at `start`."""
        body = self._body(start)
        return body.slicer.stack_values(at, offset) if body else _UNKNOWN

    def transfers(
        self, start: int, addresses: tuple[int, ...], symbols: tuple[int, ...]
    ) -> tuple[tuple[int, bool], ...] | None:
        """Where the function at `start` calls (True) or jumps to one of `addresses` or `symbols`.

        None: that cannot be told.
        """
        body = self._body(start)
        if body is None:
            return None
        if body.branches is None:
            body.branches = self._branches(body.slicer)
        wanted = [(kind, address) for address in addresses for kind in (CALL, TAKEN)]
        wanted += [(IMPORT, symbol) for symbol in symbols]
        return tuple(sorted({place for link in wanted for place in body.branches.get(link, ())}))

    def pointer_calls(
        self, start: int, address: int | None, symbols: tuple[int, ...]
    ) -> tuple[tuple[int, bool], ...] | None:
        """As `transfers`, through pointers: to the function at `address`, or to one of `symbols`.

        None: the function at `start` passes such a pointer on, so that anybody may call it.
        """
        body = self._body(start)
        if body is None:
            return None
        wanted = {(LOADED, symbol) for symbol in symbols}
        if address is not None:
            wanted.add((TAKEN, address))
        codes = [self._read(low) for low, _ in self._ranges(start)]
        links = self._links
        addresses = {each for code in codes for each in code.addresses if links.computed(each) in wanted}
        slots = {each for code in codes for each in code.reads if links.read(each) in wanted}
        found = body.slicer.pointer_calls(frozenset(addresses), frozenset(slots))
        return None if found is None else tuple(found)

    def _branches(self, slicer: Slicer) -> dict[Link, list[tuple[int, bool]]]:
        links = self._links
        found: dict[Link, list[tuple[int, bool]]] = defaultdict(list)
        for address, is_call, target, slot in slicer.branches():
            link = links.called(target) if target is not None else links.read(slot or 0, called=True)
            found[link].append((address, is_call))
        return found

    def _body(self, start: int) -> _Body | None:
        found = self._kept.pop(start, None)
        if found is None:
            if self._budget.exhausted:
                return None
            ranges = self._ranges(start)
            size = sum(min(high - low, _MAX_BODY + 1) for low, high in ranges)
            if size > _MAX_BODY or not self._budget.spend(size // 4 + BODY):
                return None
            found = _Body(self._architecture.slicer(self._memory, ranges, self._budget), size)
            self._size += size
            while self._kept and (len(self._kept) >= _MAX_KEPT or self._size - size > _MAX_BODY):
                self._size -= self._kept.pop(next(iter(self._kept))).size
        self._kept[start] = found
        return found

    def _ranges(self, start: int) -> tuple[tuple[int, int], ...]:
        """The ranges of a function: itself, and the cold parts that it jumps into and that jump back."""
        ranges: dict[int, int] = {start: self._read(start).end}
        todo = [start]
        while todo and len(ranges) < _MAX_FRAGMENTS:
            at = todo.pop()
            for target in sorted(self._read(at).jumps):
                other = self._functions.containing(target)
                if other is None or other[0] in ranges or self._links.called(target)[0] != CALL:
                    continue  # a stub to an import is no part, though one unwind entry spans them all
                jumps = self._read(other[0]).jumps
                if not self._budget.spend(1 + len(jumps)):
                    break
                if other[0] != target or any(
                    low < back < high for back in jumps for low, high in ranges.items()
                ):
                    ranges[other[0]] = other[1]
                    todo.append(other[0])
        return ((start, ranges.pop(start)), *sorted(ranges.items()))
