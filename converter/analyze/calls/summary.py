"""What is known of one object, whatever program it is part of: answers are kept, and go to the cache.

Every answer depends on the bytes of the object alone. An object whose questions have all been asked before,
in this run or an earlier one, is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar

from converter.analyze.calls.graph import ObjectGraph
from converter.analyze.calls.instructions import Value
from converter.analyze.calls.links import Node
from converter.analyze.calls.texts import HeldText
from converter.elf.symbols import Symbol

_Answer = TypeVar("_Answer")

# Question -> subject -> answer, all of built-in types, as marshal takes them.
Known = dict[str, dict[Any, Any]]


class Summary:
    """The answers for one object. `known` are those of earlier runs; `changed`: there are more by now."""

    def __init__(self, load: Callable[[], ObjectGraph], known: Known | None = None) -> None:
        self._load = load
        self.known: Known = known if known is not None else {}
        self.changed = False
        self._functions = self.known.setdefault("function", {})
        self._data = self.known.setdefault("data", {})
        self._function_nodes: dict[int, Node] = {}
        self._data_nodes: dict[int, Node] = {}
        self._located: dict[int, tuple[bool, int] | None] = self.known.setdefault("locate", {})

    @cached_property
    def graph(self) -> ObjectGraph:
        """The object itself, read from the file."""
        return self._load()

    @property
    def exhausted(self) -> bool:
        """The object is too large to be looked at as a whole: answers may lack something, and are not
        kept.
        """
        return "graph" in self.__dict__ and self.graph.exhausted

    def _ask(self, question: str, subject: Hashable, answer: Callable[[], _Answer]) -> _Answer:
        answers = self.known.setdefault(question, {})
        if subject not in answers:
            answers[subject] = answer()
            self.changed = True
        found: _Answer = answers[subject]
        return found

    # The file

    @cached_property
    def symbols(self) -> list[Symbol]:
        """Dynamic symbols, by their index."""
        kept = self._ask("symbols", 0, lambda: [tuple(symbol) for symbol in self.graph.symbols])
        return [Symbol._make(each) for each in kept]

    @cached_property
    def _file(self) -> tuple[str, str, int, bool, str]:
        def answer() -> tuple[str, str, int, bool, str]:
            elf = self.graph.memory.elf
            soname = (elf.soname or b"").decode("utf-8", "backslashreplace")
            return soname, elf.machine, elf.entry, self.graph.symbolic(), elf.type

        return self._ask("file", 0, answer)

    @property
    def name(self) -> str:
        """The soname; empty without one."""
        return self._file[0]

    @property
    def machine(self) -> str:
        return self._file[1]

    @property
    def entry(self) -> int:
        return self._file[2]

    @property
    def symbolic(self) -> bool:
        """The object looks for symbols in itself first."""
        return self._file[3]

    @property
    def start_functions(self) -> list[tuple[int, str]]:
        """ObjectGraph.start_functions, as (start of a function, why)."""
        return self._ask(
            "start functions",
            0,
            lambda: [(self.graph.function_at(at), why) for at, why in self.graph.start_functions()],
        )

    @cached_property
    def exports(self) -> list[Symbol]:
        return [symbol for symbol in self.symbols if symbol.defined and symbol.name]

    @cached_property
    def _defined(self) -> dict[tuple[bytes, bytes | None], Symbol]:
        """By name and version; (name, None): what is found by those who ask for no version."""
        found: dict[tuple[bytes, bytes | None], Symbol] = {}
        for symbol in self.exports:
            if symbol.version or not symbol.hidden:
                found.setdefault((symbol.name, symbol.version), symbol)
            if not symbol.hidden:
                found.setdefault((symbol.name, None), symbol)
        return found

    def definition(self, name: bytes, version: bytes) -> Symbol | None:
        """The definition of `name` that a reference to `version` gets (LSB, Symbol Versioning)."""
        if not version:
            return self._defined.get((name, None))
        return self._defined.get((name, version)) or self._defined.get((name, b""))

    def locate(self, address: int) -> tuple[bool, int] | None:
        """Whether `address` lies in a function or in a data object, and where that begins; None: in
        neither.
        """

        if address in self._located:
            return self._located[address]
        return self._ask("locate", address, lambda: self.graph.locate(address))

    def name_at(self, address: int) -> str:
        """The name of the function or data object that begins at `address`; empty without one."""
        return self._ask("name", address, lambda: self.graph.names.get(address, ""))

    def string(self, value: int | tuple[str, int]) -> bytes | None:
        """The NUL-terminated string that a pointer of this value leads to; mostly a number is none."""
        address = value if isinstance(value, int) else value[1]
        if isinstance(value, int) and not self._is_address(value):
            return None
        return self._ask("string", address, lambda: self.graph.memory.string(address))

    def _is_address(self, value: int) -> bool:
        """Compilers put addresses into registers as plain numbers where a program has a fixed place."""
        low, high = self._ask("place", 0, lambda: self.graph.fixed_place())
        return bool(low <= value < high)

    def code_before(self, end: int, length: int) -> bytes:
        """`length` bytes that end at `end`."""
        return self._ask("code", (end, length), lambda: self.graph.memory.view(end - length, length))

    @property
    def texts(self) -> list[HeldText]:
        """ObjectGraph.texts."""
        return self._ask("texts", 0, lambda: self.graph.texts)

    # References

    def function(self, start: int) -> Node:
        """ObjectGraph.function."""
        found = self._function_nodes.get(start)
        if found is None:
            found = self._node(start, self._functions, lambda: self.graph.function(start))
            self._function_nodes[start] = found
        return found

    def data(self, start: int) -> Node:
        """ObjectGraph.data."""
        found = self._data_nodes.get(start)
        if found is None:
            found = self._node(start, self._data, lambda: self.graph.data(start))
            self._data_nodes[start] = found
        return found

    def _node(self, start: int, known: dict[int, Any], answer: Callable[[], Node]) -> Node:
        kept = known.get(start)
        if kept is not None:
            return Node._make(kept)
        found = answer()
        known[start] = tuple(found)
        self.changed = True
        return found

    def moved_before(self, start: int, site: int) -> tuple[int, int]:
        """ObjectGraph.moved_before."""
        return self._ask("moved", (start, site), lambda: self.graph.moved_before(start, site))

    # Values

    def values(self, start: int, at: int, register: int) -> frozenset[Value]:
        """Slicer.values of the function at `start`."""
        return self._ask(
            "values", (start, at, register), lambda: self.graph.bodies.values(start, at, register)
        )

    def stack_values(self, start: int, at: int, offset: int) -> frozenset[Value]:
        """Slicer.stack_values of the function at `start`."""
        return self._ask(
            "stack values", (start, at, offset), lambda: self.graph.bodies.stack_values(start, at, offset)
        )

    def constant(self, address: int) -> int | None:
        """ObjectGraph.constant."""
        return self._ask("constant", address, lambda: self.graph.constant(address))

    def transfers(
        self, start: int, addresses: tuple[int, ...], symbols: tuple[int, ...]
    ) -> tuple[tuple[int, bool], ...] | None:
        """Bodies.transfers."""
        return self._ask(
            "transfers",
            (start, addresses, symbols),
            lambda: self.graph.bodies.transfers(start, addresses, symbols),
        )

    def pointer_calls(
        self, start: int, address: int | None, symbols: tuple[int, ...]
    ) -> tuple[tuple[int, bool], ...] | None:
        """Bodies.pointer_calls."""
        return self._ask(
            "pointer calls",
            (start, address, symbols),
            lambda: self.graph.bodies.pointer_calls(start, address, symbols),
        )

    def number_register(self) -> int:
        """Architecture.NUMBER_REGISTER."""
        return self._ask("register", 0, lambda: self.graph.architecture.NUMBER_REGISTER)

    def argument_register(self, argument: int) -> int:
        """Architecture.ARGUMENT_REGISTERS[argument]."""
        return self._ask(
            "argument register", argument, lambda: self.graph.architecture.ARGUMENT_REGISTERS[argument]
        )

    def parameter_register(self, parameter: int) -> int:
        """Architecture.PARAMETER_REGISTERS[parameter]."""
        return self._ask(
            "parameter register", parameter, lambda: self.graph.architecture.PARAMETER_REGISTERS[parameter]
        )
