"""What files are opened for: reading alone, or writing too, which takes more of the library OS.

The flags of open(2) are followed together with the path, since what is opened for writing below /dev and the
like is no file of the root.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from converter.analyze.calls.origins import Known, Origins, is_unknown
from converter.analyze.calls.reach import Place
from converter.analyze.calls.sites import Site
from converter.analyze.calls.summary import Summary

CHOICE = "open.for"
READING, WRITING, ANY = "reading", "writing", "*"
PATH_AND_FLAGS = {"open": (0, 1), "openat": (1, 2)}  # which arguments

_DATA = Path(__file__).resolve().parent.parent / "data" / "open_modes.toml"
_MADE = (b"/proc/", b"/sys/", b"/dev/")
_CODE = 96  # bytes of a function that rules can look at
# O_WRONLY, O_RDWR, O_CREAT, O_TRUNC and what O_TMPFILE adds (asm-generic/fcntl.h): the same on all we know.
_WRITING_FLAGS = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000


@dataclass(frozen=True, slots=True)
class ModeFunction:
    """One rule of data/open_modes.toml."""

    library: re.Pattern[str]
    name: re.Pattern[str] | None
    code: re.Pattern[str] | None
    mode: int


class Openings:
    """Asks what each site opens its files for."""

    def __init__(self, summaries: Sequence[Summary], origins: Origins) -> None:
        self._summaries = summaries
        self._origins = origins

    def of(self, site: Site) -> Iterator[tuple[str, Place]]:
        """READING, WRITING or ANY, each with who says so."""
        summary = self._summaries[site.place[0]]
        path, flags = (summary.argument_register(each) for each in PATH_AND_FLAGS[site.name])
        found = self._origins.together(site.place, site.address, (path, flags))
        for (where, value), (names, source) in found.items():
            if not is_unknown(where) and self._is_made(names, where):
                yield READING, source  # no file of the root is written
            elif isinstance(value, int):
                yield WRITING if value & _WRITING_FLAGS else READING, source
            else:
                yield self._by_mode(source) if is_unknown(value) else ANY, source

    def _is_made(self, place: Place, value: Known) -> bool:
        """The path that the function `place` names is below /dev and the like."""
        text = self._summaries[place[0]].string(value)
        return text is not None and text.startswith(_MADE) and b".." not in text

    def _by_mode(self, place: Place) -> str:
        """The flags are made in the function `place`."""
        summary = self._summaries[place[0]]
        rule = _rule(summary, place[1])
        if rule is None:
            return ANY
        modes = self._origins.given(place, summary.parameter_register(rule.mode))
        uses = {self._use(source, mode) for mode, source in modes.items()}
        return READING if uses == {READING} else WRITING if uses and ANY not in uses else ANY

    def _use(self, place: Place, mode: Known) -> str:
        text = None if is_unknown(mode) else self._summaries[place[0]].string(mode)
        if not text:
            return ANY
        return READING if text[:1] == b"r" and b"+" not in text.partition(b",")[0] else WRITING


@cache
def mode_functions() -> tuple[ModeFunction, ...]:
    with _DATA.open("rb") as file:
        rows = tomllib.load(file)["function"]
    return tuple(
        ModeFunction(
            re.compile(row["library"]),
            re.compile(row["name"]) if "name" in row else None,
            re.compile(row["code"]) if "code" in row else None,
            row["mode"],
        )
        for row in rows
    )


def _rule(summary: Summary, start: int) -> ModeFunction | None:
    for rule in mode_functions():
        if not rule.library.fullmatch(summary.name):
            continue
        if rule.name is not None and rule.name.fullmatch(summary.name_at(start)):
            return rule
        if rule.code is not None and rule.code.search(summary.code_before(start + _CODE, _CODE).hex()):
            return rule
    return None
