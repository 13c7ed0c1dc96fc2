"""Evidence of the profile taken apart: the functions that lead to a site, as `calls/witness.py` has them."""

from __future__ import annotations

from typing import NamedTuple

from converter.profile.model import Evidence

_LED_BY = " <- "
_NUMBER = ", number from "
_ENTRY = "entry point"
_SHOWN = 6  # functions of one way


class Frame(NamedTuple):
    """A function, and the base name of the object that it is in."""

    object: str
    function: str


def frames(why: Evidence) -> tuple[Frame, ...]:
    """Of static evidence: the functions from the site outwards. Long ways lack their middle."""
    first, *others = why.detail.split(_LED_BY)
    site, _, passed_by = first.partition(_NUMBER)
    own = why.source.rpartition("/")[2]
    found = [Frame(own, _function(site))]
    if passed_by:
        function, _, path = passed_by.partition(" in ")
        own = path.rpartition("/")[2] or own
        found.append(Frame(own, function))
    for part in others[: None if others and others[-1] != _ENTRY else -1]:
        file, _, function = part.rpartition(":")
        own = file or own
        if function != "...":
            found.append(Frame(own, function))
    return tuple(found)


def _function(site: str) -> str:
    """Of `listen+0x5 at 0x10a8e5`, and of `main to __socket` the one that passes an argument."""
    return site.partition(" to ")[0].partition("+0x")[0].partition(" at 0x")[0]


def passed_to(why: Evidence) -> str:
    """The function that gets the argument which the evidence is about."""
    first = why.detail.split(_LED_BY, 1)[0]
    return first.partition(" to ")[2] or first


def is_generic(why: Evidence) -> bool:
    """Whether the site is a wrapper for any system call, whose arguments belong to other calls as well."""
    return _NUMBER in why.detail


def belongs_to(why: Evidence, path: str) -> bool:
    """Whether code of the object `path` makes the call, or leads to it."""
    name = path.rpartition("/")[2]
    return any(frame.object == name for frame in frames(why))


def main_frame(why: Evidence, path: str) -> int | None:
    """Which of the frames is the main function of the program `path`; None if the way does not lead from it.

    It is told by its name or, in a stripped program, by its caller: the code at the entry point.
    """
    found = frames(why)
    if not why.detail.endswith(_LED_BY + _ENTRY) or len(found) < 2:
        return None
    functions = [frame.function for frame in found]
    number = functions.index("main") if "main" in functions else len(found) - 2
    return number if found[number].object == path.rpartition("/")[2] else None


def shortened(detail: str) -> str:
    """The way to a site with its middle left out; `u2k explain` has all of it."""
    parts = detail.split(_LED_BY)
    if len(parts) > _SHOWN:
        parts = [*parts[: _SHOWN - 2], "...", *parts[-2:]]
    return _LED_BY.join(parts)
