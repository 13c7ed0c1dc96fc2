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

    def add_root(self, number: int, address: int, why: str) -> None:
        """Code at `address` of an object runs because of `why`."""
        found = self._summaries[number].locate(address)
        if found is not None and found[0]:
            self._found((number, found[1]), why, self._functions)

    def add_definition(self, definition: Definition, why: Place | str) -> None:
        """A symbol becomes known to the program."""
        number, symbol = definition
        found = self._summaries[number].locate(symbol.value)
        if found is not None:
            self._found((number, found[1]), why, self._functions if found[0] else self._data)

    def is_function(self, place: Place) -> bool:
        """Whether a place that was reached is a function, not a data object."""
        return place in self._is_function

    def run(self) -> None:
        """Follow everything until nothing new comes."""
        functions, data = self._functions, self._data
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
            self._add(number, node.calls, place, functions)
            self._add(number, node.taken, place, functions)
            self._add(number, node.data, place, data)
            for index in node.imports:
                self._bind(place, index)
            for index in node.loaded:
                self._bind(place, index)
            symbols = self._summaries[number].symbols
            for index in node.copied:
                if index >= len(symbols):
                    continue
                symbol = symbols[index]
                for definition in self._scope.after(symbol.name, symbol.version, number):
                    self.add_definition(definition, place)

    def _add(self, number: int, addresses: Iterable[int], why: Place, queue: list[Place]) -> None:
        for address in addresses:
            self._found((number, address), why, queue)

    def _found(self, place: Place, why: Place | str, queue: list[Place]) -> None:
        if place not in self.parents:
            self.parents[place] = why
            queue.append(place)

    def _bind(self, place: Place, index: int) -> None:
        number = place[0]
        symbols = self._summaries[number].symbols
        if index < len(symbols):
            self.symbols.setdefault(symbols[index].name, set()).add(number)
        for definition in self._scope.bind(number, index):
            self.add_definition(definition, place)
