"""What is known of one object, whatever program it is part of."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from converter.analyze.calls.graph import ObjectGraph
from converter.analyze.calls.instructions import Value
from converter.analyze.calls.links import Node
from converter.elf.symbols import Symbol


class Summary:
    """The references of an object and the values of its registers, made when asked for and then kept."""

    def __init__(self, load: Callable[[], ObjectGraph]) -> None:
        self._load = load
        self._functions: dict[int, Node] = {}
        self._data: dict[int, Node] = {}
        self._values: dict[tuple[int, int, int, bool], frozenset[Value]] = {}
        self._pointers: dict[
            tuple[int, int | None, tuple[int, ...]], tuple[tuple[int, bool], ...] | None
        ] = {}
        self._transfers: dict[tuple[int, tuple[int, ...], tuple[int, ...]], tuple[tuple[int, bool], ...]] = {}

    @cached_property
    def graph(self) -> ObjectGraph:
        """The object itself, read from the file."""
        return self._load()

    @cached_property
    def symbols(self) -> list[Symbol]:
        return self.graph.symbols

    @cached_property
    def symbolic(self) -> bool:
        return self.graph.symbolic()

    @cached_property
    def name(self) -> str:
        """The soname; empty without one."""
        return (self.graph.memory.elf.soname or b"").decode("utf-8", "backslashreplace")

    @cached_property
    def machine(self) -> str:
        return self.graph.memory.elf.machine

    @cached_property
    def entry(self) -> int:
        return self.graph.memory.elf.entry

    @cached_property
    def start_functions(self) -> list[tuple[int, str]]:
        return self.graph.start_functions()

    @property
    def exhausted(self) -> bool:
        return self.graph.exhausted

    @cached_property
    def exports(self) -> list[Symbol]:
        return [symbol for symbol in self.symbols if symbol.defined and symbol.name]

    def names(self) -> list[tuple[int, str]]:
        """Names of functions and data objects by address, ascending; one for each address."""
        return self.graph.names()

    def is_code(self, address: int) -> bool:
        return self.graph.memory.is_code(address)

    def constant(self, address: int) -> int | None:
        """ObjectGraph.constant, of the code that was read so far."""
        return self.graph.constant(address)

    def string(self, address: int) -> bytes | None:
        return self.graph.memory.string(address)

    @cached_property
    def _defined(self) -> dict[bytes, list[Symbol]]:
        found: dict[bytes, list[Symbol]] = {}
        for symbol in self.symbols:
            if symbol.defined and symbol.name:
                found.setdefault(symbol.name, []).append(symbol)
        return found

    def definition(self, name: bytes, version: bytes) -> Symbol | None:
        """The definition of `name` that a reference to `version` gets (LSB, Symbol Versioning)."""
        candidates = self._defined.get(name, ())
        for symbol in candidates:
            if symbol.version == version and version:
                return symbol
        for symbol in candidates:
            if not symbol.hidden and (not version or not symbol.version):
                return symbol
        return None

    def function(self, start: int) -> Node:
        found = self._functions.get(start)
        if found is None:
            found = self._functions[start] = self.graph.function(start)
        return found

    def data(self, start: int) -> Node:
        found = self._data.get(start)
        if found is None:
            found = self._data[start] = self.graph.data(start)
        return found

    def values(self, start: int, at: int, register: int) -> frozenset[Value]:
        """Slicer.values of the function at `start`."""
        key = (start, at, register, False)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = self.graph.slicer(start).values(at, register)
        return found

    def stack_values(self, start: int, at: int, offset: int) -> frozenset[Value]:
        """Slicer.stack_values of the function at `start`."""
        key = (start, at, offset, True)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = self.graph.slicer(start).stack_values(at, offset)
        return found

    def transfers(
        self, start: int, addresses: tuple[int, ...], symbols: tuple[int, ...]
    ) -> tuple[tuple[int, bool], ...]:
        """ObjectGraph.transfers."""
        key = (start, addresses, symbols)
        found = self._transfers.get(key)
        if found is None:
            found = self._transfers[key] = self.graph.transfers(start, addresses, symbols)
        return found

    def pointer_calls(
        self, start: int, address: int | None, symbols: tuple[int, ...]
    ) -> tuple[tuple[int, bool], ...] | None:
        """ObjectGraph.pointer_calls."""
        key = (start, address, symbols)
        if key not in self._pointers:
            self._pointers[key] = self.graph.pointer_calls(start, address, symbols)
        return self._pointers[key]
