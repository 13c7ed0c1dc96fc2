"""Values of registers through callers: what a function was given is what its callers put there.

This resolves `syscall(2)`, Go's Syscall6 and every chain of such wrappers without knowing any of them by
name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from converter.analyze.calls.budget import Budget
from converter.analyze.calls.graph import GO_FUNCTION
from converter.analyze.calls.instructions import Value
from converter.analyze.calls.reach import Place, Reach
from converter.analyze.calls.summary import Summary

# Value -> function that it comes from. An address ("a3", 0x1234) lies in object number 3; ("?3", 0x1234) is
# what could not be told, in the function at 0x1234 of that object.
Known: TypeAlias = "int | tuple[str, int]"
Origin: TypeAlias = "dict[Known, Place]"
Pairs: TypeAlias = "dict[tuple[Known, Known], tuple[Place, Place]]"

MAX_DEPTH = 12  # wrappers around wrappers
MAX_VALUES = 512
MAX_STEPS = 1 << 22  # callers, and symbols of callers, that are looked at for one program
_NO_CUT = 1 << 30
_STACK_ARGUMENT = 8  # the return address lies between a caller's stack pointer and its callee's


class Origins:
    """Asks for values in the functions that `reach` found, and in their callers."""

    def __init__(self, summaries: Sequence[Summary], reach: Reach) -> None:
        self._summaries = summaries
        self._reach = reach
        self._known: dict[tuple[Place, str, int], Origin] = {}
        self._active: dict[tuple[Place, str, int], int] = {}  # with its level
        self._cut = _NO_CUT  # the lowest level that an answer was cut short for
        self._budget = Budget(MAX_STEPS)
        self._callers: dict[Place, list[Place]] = defaultdict(list)
        self._takers: dict[Place, list[Place]] = defaultdict(list)
        self._anybody: set[Place] = set()
        self._reverse()

    def _reverse(self) -> None:
        """Who calls each function, who takes its address, and which ones somebody unknown calls."""
        callers, takers, reach = self._callers, self._takers, self._reach
        for place in sorted(reach.nodes):
            number, node = place[0], reach.nodes[place]
            for address in node.calls:
                callers[number, address].append(place)
            for index in node.imports:
                for target, is_function in reach.targets(number, index):
                    if is_function:
                        callers[target].append(place)
            if not node.taken and not node.loaded:
                continue
            taken = [(number, address) for address in node.taken]
            for index in node.loaded:
                taken += self._targets(number, index)
            if reach.is_function(place):
                for target in taken:
                    takers[target].append(place)
            else:
                self._anybody.update(taken)
        self._anybody.update(
            place for place, why in self._reach.parents.items() if isinstance(why, str) and why != GO_FUNCTION
        )

    def _targets(self, number: int, index: int) -> list[Place]:
        return [place for place, is_function in self._reach.targets(number, index) if is_function]

    def at(self, place: Place, address: int, register: int) -> Origin:
        """What `register` can hold before the instruction at `address` of the function `place`.

        Numbers, addresses as ("a", address) in the object of the place that they come from, and None.
        """
        return self._resolve(place, self._summaries[place[0]].values(place[1], address, register), 0)

    def given(self, place: Place, register: int) -> Origin:
        """What callers of the function `place` put into `register`."""
        return self._given(place, "p", register, 0)

    def together(self, place: Place, address: int, registers: tuple[int, int]) -> Pairs:
        """What two registers can hold at the same time there; each pair with the functions it comes from.

        A wrapper that hands both on is asked about call by call; else each value may meet each other one.
        """
        found: Pairs = {}
        self._together(place, address, registers, 0, set(), found)
        return found

    def _together(
        self,
        place: Place,
        address: int,
        registers: tuple[int, int],
        depth: int,
        asked: set[tuple[Place, int, tuple[int, int]]],
        found: Pairs,
    ) -> None:
        if (place, address, registers) in asked:
            return
        asked.add((place, address, registers))
        summary = self._summaries[place[0]]
        first, second = (summary.values(place[1], address, register) for register in registers)
        passed = _parameter(first), _parameter(second)
        if passed[0] is None or passed[1] is None or depth > MAX_DEPTH:
            for one, its in (self._resolve(place, first, 0) or _unknown(place)).items():
                for other, source in (self._resolve(place, second, 0) or _unknown(place)).items():
                    found.setdefault((one, other), (its, source))
            return
        if place in self._anybody:
            found.setdefault((_nothing(place), _nothing(place)), (place, place))
        for caller, at, _ in self._transfers(place):
            if caller is None or len(found) > MAX_VALUES:
                found.setdefault((_nothing(place), _nothing(place)), (place, place))
            else:
                self._together(caller, at, (passed[0], passed[1]), depth + 1, asked, found)

    def _resolve(self, place: Place, values: frozenset[Value], depth: int) -> Origin:
        found: Origin = {}
        for value in sorted(values, key=repr):
            if isinstance(value, tuple) and value[0] in ("p", "s"):
                _merge(found, self._given(place, value[0], value[1], depth))
                continue
            if isinstance(value, tuple) and value[0] == "m":
                value = self._summaries[place[0]].constant(value[1])
            if value is None:
                _merge(found, _unknown(place))
            elif isinstance(value, tuple):
                found.setdefault((f"a{place[0]}", value[1]), place)
            else:
                found.setdefault(value, place)
        return found if len(found) <= MAX_VALUES else _unknown(place)

    def _given(self, place: Place, kind: str, where: int, depth: int) -> Origin:
        key = (place, kind, where)
        if key in self._known:
            return self._known[key]
        if key in self._active:  # recursive functions pass on what they were given
            self._cut = min(self._cut, self._active[key])
            return {}
        if depth > MAX_DEPTH or not self._budget.spend(1):
            return _unknown(place)
        outer, self._cut = self._cut, _NO_CUT
        level = self._active[key] = len(self._active)
        found = self._passed(place, kind, where, depth)
        del self._active[key]
        if self._cut >= level:  # else the answer may lack what an outer query is about to find
            self._known[key] = found
            self._cut = _NO_CUT
        self._cut = min(self._cut, outer)
        return found

    def _passed(self, place: Place, kind: str, where: int, depth: int) -> Origin:
        """What all callers of `place` put into a register ("p") or stack argument ("s")."""
        found: Origin = _unknown(place) if place in self._anybody else {}
        for caller, address, is_call in self._transfers(place):
            if caller is None:
                _merge(found, _unknown(place))
                continue
            if not self._budget.spend(1):
                return _unknown(place)
            summary = self._summaries[caller[0]]
            if kind == "p":
                values = summary.values(caller[1], address, where)
            else:
                offset = where - (_STACK_ARGUMENT if is_call else 0)
                values = summary.stack_values(caller[1], address, offset)
            _merge(found, self._resolve(caller, values, depth + 1))
        return found

    def _transfers(self, place: Place) -> Iterator[tuple[Place | None, int, bool]]:
        """(caller, instruction, whether it is a call) of all that leads to `place`; a caller of None is
        unknown.
        """
        for taker in self._takers.get(place, ()):
            address = place[1] if taker[0] == place[0] else None
            symbols = self._symbols(taker, self._reach.nodes[taker].loaded, place)
            calls = self._summaries[taker[0]].pointer_calls(taker[1], address, symbols)
            if calls is None:
                yield None, 0, False
            for at, is_call in calls or ():
                yield taker, at, is_call
        for caller in self._callers.get(place, ()):
            node = self._reach.nodes[caller]
            addresses = (place[1],) if caller[0] == place[0] and place[1] in node.calls else ()
            symbols = self._symbols(caller, node.imports, place)
            transfers = self._summaries[caller[0]].transfers(caller[1], addresses, symbols)
            if transfers is None:
                yield None, 0, False
            for at, is_call in transfers or ():
                yield caller, at, is_call

    def _symbols(self, place: Place, indices: tuple[int, ...], target: Place) -> tuple[int, ...]:
        """Those of `indices`, symbols of the object of `place`, that are bound to `target`."""
        self._budget.spend(len(indices) // 8)
        return tuple(index for index in indices if (target, True) in self._reach.targets(place[0], index))


def is_unknown(value: int | tuple[str, int]) -> bool:
    """The value stands for what could not be told."""
    return isinstance(value, tuple) and value[0].startswith("?")


def _parameter(values: frozenset[Value]) -> int | None:
    """The register that the function was given this in, if it is that and nothing else."""
    value = next(iter(values), None)
    if len(values) == 1 and isinstance(value, tuple) and value[0] == "p":
        return value[1]
    return None


def _nothing(place: Place) -> tuple[str, int]:
    return f"?{place[0]}", place[1]


def _unknown(place: Place) -> Origin:
    return {_nothing(place): place}


def _merge(found: Origin, more: Origin) -> None:
    for value, place in more.items():
        found.setdefault(value, place)
