"""Which definition a symbol of an object is bound to, by the loader's rules (gABI, Shared Object
Dependencies).

The program and the libraries mapped at start form the global scope; what is mapped later is searched after
it. Plug-ins with equal names do not see each other at run time, here all of them count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from converter.analyze.calls.model import PLUGIN, PLUGIN_LIBRARY
from converter.analyze.calls.summary import Summary
from converter.elf.symbols import STT_TLS, Symbol


class Definition(NamedTuple):
    """A symbol that is defined in object number `object`."""

    object: int
    symbol: Symbol


class Scope:
    """All objects of a program, in the order in which they are searched."""

    def __init__(self, summaries: Sequence[Summary], roles: Sequence[str]) -> None:
        self._summaries = summaries
        self._late = {number for number, role in enumerate(roles) if role in (PLUGIN, PLUGIN_LIBRARY)}
        self._global = [number for number in range(len(roles)) if number not in self._late]

    def bind(self, number: int, index: int) -> tuple[Definition, ...]:
        """Definitions that symbol `index` of object `number` can be bound to; none if it is undefined."""
        symbols = self._summaries[number].symbols
        if index >= len(symbols):
            return ()
        symbol = symbols[index]
        if symbol.type == STT_TLS or not symbol.name:
            return ()
        if symbol.defined and self._summaries[number].symbolic:
            return (Definition(number, symbol),)
        found = self.find(symbol.name, symbol.version)
        return found if found or not symbol.defined else (Definition(number, symbol),)

    def find(self, name: bytes, version: bytes = b"") -> tuple[Definition, ...]:
        """What a lookup of `name` gives: the first of the global scope, else all of those mapped later."""
        found = []
        for definition in self._definitions(name, version):
            if definition.object not in self._late:
                return (definition,)
            found.append(definition)
        return tuple(found)

    def after(self, name: bytes, version: bytes, number: int) -> tuple[Definition, ...]:
        """Definitions of `name` in other objects than `number` (for copy relocations)."""
        return tuple(each for each in self._definitions(name, version) if each.object != number)

    def _definitions(self, name: bytes, version: bytes) -> Iterator[Definition]:
        """Those of the global scope, then those of what is mapped later."""
        for number in self._exporters.get(name, ()):
            symbol = self._summaries[number].definition(name, version)
            if symbol is not None:
                yield Definition(number, symbol)

    @cached_property
    def _exporters(self) -> dict[bytes, list[int]]:
        """The objects that define each name, in the order of the search."""
        found: dict[bytes, list[int]] = defaultdict(list)
        for number in (*self._global, *sorted(self._late)):
            for name in {symbol.name for symbol in self._summaries[number].exports}:
                found[name].append(number)
        return found

    def everywhere(self, name: bytes) -> tuple[Definition, ...]:
        """The default definitions of `name` in all objects, whatever handle it is looked up with."""
        return tuple(sorted(self._definitions(name, b"")))

    def exports(self, number: int) -> tuple[Definition, ...]:
        """All functions and objects that object `number` defines."""
        return tuple(Definition(number, symbol) for symbol in self._summaries[number].exports)
