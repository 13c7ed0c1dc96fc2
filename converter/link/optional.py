"""Functions that are linked only where something else is: `IF_LINKED` of u2k/optional.h.

A table of operations refers to what every file system can do, and a thread's end to every kind of timer: the
linker cannot see that nobody renames, or that no timer can exist. The sources say what a function is for
(a condition), and what stands in its place otherwise. The linker's own map tells which conditions hold: a
link without all optional functions, then one with those whose condition came in, until no more come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "if_linked."
_PART = "part_"
_PASSES = 16  # each adds at least one function; in practice there are three
_SHARED = frozenset(("unlinked_never", "unlinked_nothing"))  # stand for so many that they are always there


@dataclass(frozen=True, slots=True, order=True)
class OptionalSymbol:
    """`symbol` is linked if one of its conditions is; else `otherwise` stands for it."""

    symbol: str
    condition: str  # a symbol, or `part_NAME`
    otherwise: str


def optional_symbols(symbols: Iterable[str]) -> tuple[OptionalSymbol, ...]:
    """What the sources say, out of the archives' symbol names; one for each condition."""
    found = []
    for name in symbols:
        if name.startswith(_PREFIX):
            condition, symbol, otherwise = name.removeprefix(_PREFIX).split(".")
            found.append(OptionalSymbol(symbol, condition, otherwise))
    return tuple(sorted(found))


def replacements(optional: Iterable[OptionalSymbol], linked: Set[str]) -> dict[str, str]:
    """Symbol -> what stands for it, for those of which no condition is in `linked`."""
    wanted = {each.symbol for each in optional if each.condition in linked}
    return {each.symbol: each.otherwise for each in optional if each.symbol not in wanted}


def linked_symbols(map_file: Path) -> frozenset[str]:
    """The symbols of a kernel, out of lld's map: lines of addresses, size, alignment and a name alone."""
    names = set()
    with map_file.open() as lines:
        for line in lines:
            fields = line.split()
            if len(fields) == 5 and fields[3] == "1" and ":(" not in fields[4]:
                names.add(fields[4])
    return frozenset(names)


def link_what_is_needed(
    optional: tuple[OptionalSymbol, ...],
    parts: Iterable[str],
    link: Callable[[dict[str, str]], frozenset[str]],
    defined: Set[str] = frozenset(),
) -> None:
    """Call `link` (with replacements; it returns the symbols that came in) until nothing more comes in.

    The linker keeps what stands for a function though nobody refers to that function. So those in `defined`
    are tried without at the end: of what then comes in somebody does want the other.
    """
    linked = frozenset(_PART + name for name in parts)
    now: dict[str, str] = {}
    before: dict[str, str] | None = None
    for _ in range(_PASSES):
        now = replacements(optional, linked)
        if now == before:
            break
        linked |= link(now)
        before = now
    spare = {symbol for symbol, other in now.items() if other not in _SHARED and symbol in defined}
    while spare:
        wanted = spare & link({symbol: now[symbol] for symbol in now if symbol not in spare})
        if not wanted:
            return
        spare -= wanted
        if not spare:
            link(now)
