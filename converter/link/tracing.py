"""The tables of a tracing kernel: what is of interest in each system call's arguments (u2k/trace.h)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from converter.errors import ToolchainError
from converter.link.catalogue import Catalogue
from converter.link.source import libos_root

PART = "trace"
_CALLS = "trace/calls.txt"
_KINDS = ("opens", "executes", "maps", "binds", "connects")
_PATH = re.compile(r"path=(?P<path>[0-5])(@(?P<folder>[0-5]))?")
_VALUE = re.compile(r"value=(?P<place>[0-5]):(?P<mask>0x[0-9a-f]{1,8})")
_MAX_VALUES = 3  # TRACE_VALUES


@dataclass(frozen=True, slots=True)
class Shape:
    """One line of calls.txt. Places of arguments are counted from 0."""

    path: int | None = None
    folder: int | None = None
    kinds: tuple[str, ...] = ()
    values: tuple[tuple[int, int], ...] = ()  # place, mask

    def initializer(self) -> str:
        """As a `struct trace_shape`, which counts places from 1."""
        path, folder = (0 if place is None else place + 1 for place in (self.path, self.folder))
        kind = " | ".join(f"TRACE_{kind.upper()}" for kind in self.kinds) or "0"
        values = ", ".join(f"{{{place + 1}, {mask:#x}}}" for place, mask in self.values) or "{0}"
        return f"{{{path}, {folder}, {kind}, {{{values}}}}}"


@cache
def shapes() -> dict[str, Shape]:
    """By the call's name. ToolchainError for a line that does not fit."""
    found = {}
    for number, line in enumerate((libos_root() / _CALLS).read_text().splitlines(), start=1):
        words = line.partition("#")[0].split()
        if words:
            found[words[0]] = _shape(words[1:], f"{_CALLS}, line {number}")
    return found


def _shape(words: list[str], where: str) -> Shape:
    path: int | None = None
    folder: int | None = None
    values: list[tuple[int, int]] = []
    for word in words:
        if word in _KINDS:
            continue
        if (place := _PATH.fullmatch(word)) is not None:
            path, folder = int(place["path"]), int(place["folder"]) if place["folder"] else None
        elif (value := _VALUE.fullmatch(word)) is not None and len(values) < _MAX_VALUES:
            values.append((int(value["place"]), int(value["mask"], 16)))
        else:
            raise ToolchainError(f"{word!r} is not understood", where=where)
    return Shape(path, folder, tuple(word for word in words if word in _KINDS), tuple(values))


def shapes_table(catalogue: Catalogue) -> list[str]:
    """Lines of C: trace_shapes and its size."""
    numbers = {name: number for number, name in catalogue.names.items()}
    known = {numbers[name]: shape for name, shape in shapes().items() if name in numbers}
    rows = [f"    [{number}] = {shape.initializer()}," for number, shape in sorted(known.items())]
    return [
        "const struct trace_shape trace_shapes[] = {",
        *rows,
        "};",
        f"const unsigned trace_shapes_size = {max(known) + 1};",
    ]
