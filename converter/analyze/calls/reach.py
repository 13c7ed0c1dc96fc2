"""Which functions of all objects can run: a walk over references, from what the loader and start-up code
call.

A function can run once code that can run calls it or takes its address, or once a data object that such code
refers to points to it. Each function keeps who led to it first: that is its witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from converter.analyze.calls.binding import Definition, Scope
from converter.analyze.calls.links import Node
from converter.analyze.calls.summary import Summary

Place: TypeAlias = tuple[int, int]  # (object, address of a function or data object)


class Reach:
    """`parents`: each place that is reached, with the place that led to it or the reason it is a root."""

    def __init__(self, summaries: Sequence[Summary], scope: Scope) -> None:
        self._summaries = summaries
        self._scope = scope
        self.parents: dict[Place, Place | str] = {}
        self.nodes: dict[Place, Node] = {}
        self.symbols: dict[bytes, set[int]] = {}  # name -> objects whose code refers to it
        self._is_function: set[Place] = set()
        self._functions: list[Place] = []
        self._data: list[Place] = []
        self._targets: dict[tuple[int, int], tuple[tuple[Place, bool], ...]] = {}
        self._referred: set[tuple[int, int]] = set()

    def add_root(self, number: int, address: int, why: str) -> None:
        """Code at `address` of an object runs because of `why`."""
        found = self._summaries[number].locate(address)
        if found is not None and found[0]:
            self._found((number, found[1]), why, self._functions)

    def add_definition(self, definition: Definition, why: Place | str) -> None:
        """A symbol becomes known to the program."""
        for place, is_function in self._places((definition,)):
            self._found(place, why, self._functions if is_function else self._data)

    def is_function(self, place: Place) -> bool:
        """Whether a place that was reached is a function, not a data object."""
        return place in self._is_function

    def targets(self, number: int, index: int) -> tuple[tuple[Place, bool], ...]:
        """What symbol `index` of object `number` is bound to: places, and whether they are functions."""
        key = number, index
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = self._places(self._scope.bind(number, index))
        return found

    def run(self) -> None:
        """Follow everything until nothing new comes."""
        functions, data, parents = self._functions, self._data, self.parents
        while functions or data:
            if functions:
                place = functions.pop()
                self._is_function.add(place)
                node = self._summaries[place[0]].function(place[1])
            else:
                place = data.pop()
                node = self._summaries[place[0]].data(place[1])
            self.nodes[place] = node
            number = place[0]
            calls, taken, objects, imports, loaded, copied, _, _ = node
            for addresses, queue in ((calls, functions), (taken, functions), (objects, data)):
                for address in addresses:
                    target = number, address
                    if target not in parents:
                        parents[target] = place
                        queue.append(target)
            for index in imports:
                self._bind(place, index)
            for index in loaded:
                self._bind(place, index)
            if copied:
                self._copy(place, copied)

    def _found(self, place: Place, why: Place | str, queue: list[Place]) -> None:
        if place not in self.parents:
            self.parents[place] = why
            queue.append(place)

    def _bind(self, place: Place, index: int) -> None:
        """Code or data at `place` refers to a symbol of its object."""
        key = place[0], index
        targets = self._targets.get(key)
        if targets is None:
            targets = self.targets(*key)
        if key not in self._referred:
            self._referred.add(key)
            symbols = self._summaries[place[0]].symbols
            if index < len(symbols):
                self.symbols.setdefault(symbols[index].name, set()).add(place[0])
        parents = self.parents
        for target, is_function in targets:
            if target not in parents:
                parents[target] = place
                (self._functions if is_function else self._data).append(target)

    def _copy(self, place: Place, indices: Iterable[int]) -> None:
        """The contents of a data object come from the libraries that define symbols of its object."""
        number = place[0]
        symbols = self._summaries[number].symbols
        for index in indices:
            if index < len(symbols):
                symbol = symbols[index]
                for definition in self._scope.after(symbol.name, symbol.version, number):
                    self.add_definition(definition, place)

    def _places(self, definitions: Iterable[Definition]) -> tuple[tuple[Place, bool], ...]:
        found = []
        for number, symbol in definitions:
            at = self._summaries[number].locate(symbol.value)
            if at is not None:
                found.append(((number, at[1]), at[0]))
        return tuple(found)
