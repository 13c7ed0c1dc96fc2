"""What a program looks up by name while it runs (dlopen(3), dlsym(3)), and which symbols it refers to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from converter.analyze.calls.binding import Scope
from converter.analyze.calls.origins import Origin, Origins, is_unknown
from converter.analyze.calls.reach import Place, Reach
from converter.analyze.calls.summary import Summary
from converter.analyze.calls.witness import Witness
from converter.profile.model import Evidences

_MAX_NAME = 4096  # bytes


class Lookups:
    """Calls of functions that take a name; the functions are (symbol, number of the parameter)."""

    DLOPEN = ((b"dlopen", 0), (b"dlmopen", 1), (b"__libc_dlopen_mode", 0))
    DLSYM = ((b"dlsym", 1), (b"dlvsym", 1), (b"__libc_dlsym", 1))

    def __init__(self, summaries: Sequence[Summary], scope: Scope, reach: Reach) -> None:
        self._summaries = summaries
        self._scope = scope
        self._reach = reach
        self._added: set[bytes] = set()

    def add_functions(self, origins: Origins) -> bool:
        """Make what dlsym finds by constant names reachable; whether there was anything new."""
        before = len(self._reach.parents)
        for _, origin in self._calls(origins, self.DLSYM):
            for name, place in self._strings(origin):
                if name not in self._added:
                    self._added.add(name)
                    for definition in self._scope.everywhere(name):
                        self._reach.add_definition(definition, place)
        return len(self._reach.parents) != before

    def names(
        self, origins: Origins, witness: Witness, functions: Sequence[tuple[bytes, int]]
    ) -> dict[str, Evidences]:
        """The constant names that reach `functions`, with who passes them."""
        found: dict[str, Evidences] = {}
        for place, origin in self._calls(origins, functions):
            for name, source in self._strings(origin):
                text = name.decode("utf-8", "surrogateescape")
                found.setdefault(text, (witness.passing(source, place),))
        return dict(sorted(found.items()))

    def any_name(self, origins: Origins, functions: Sequence[tuple[bytes, int]]) -> bool:
        """Whether a name that could not be told reaches one of `functions`."""
        return any(is_unknown(value) for _, origin in self._calls(origins, functions) for value in origin)

    def called(self, paths: Sequence[bytes]) -> dict[str, tuple[str, ...]]:
        """StaticCalls.called: symbols by reference, and what exports a function that can run."""
        found = {name: set(numbers) for name, numbers in self._reach.symbols.items()}
        for number, summary in enumerate(self._summaries):
            for symbol in summary.exports:
                if (number, symbol.value) in self._reach.parents:
                    found.setdefault(symbol.name, set()).add(number)
        shown = [path.decode("utf-8", "surrogateescape") for path in paths]
        return {
            name.decode("utf-8", "surrogateescape"): tuple(sorted(shown[number] for number in numbers))
            for name, numbers in sorted(found.items())
            if name
        }

    def _calls(
        self, origins: Origins, functions: Sequence[tuple[bytes, int]]
    ) -> Iterable[tuple[Place, Origin]]:
        for name, parameter in functions:
            for number, symbol in self._scope.find(name):
                place = (number, symbol.value)
                if place in self._reach.parents:
                    register = self._summaries[number].parameter_register(parameter)
                    yield place, origins.given(place, register)

    def _strings(self, origin: Origin) -> Iterable[tuple[bytes, Place]]:
        for value, place in origin.items():
            if not is_unknown(value):
                text = self._summaries[place[0]].string(value)
                if text and len(text) < _MAX_NAME:
                    yield text, place
