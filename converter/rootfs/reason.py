"""Why a path was left out of a slim root."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Reason(enum.StrEnum):
    """Shown to people; the text is also what rule files and JSON say."""

    PROGRAM = "unused programs"
    LIBRARY = "unused libraries"
    PACKAGE = "data of unused packages"
    INTERPRETER = "modules of unused interpreters"
    MANAGER = "package manager"
    DOCUMENTATION = "documentation"
    DEVELOPMENT = "development"
    SERVICES = "system services"
    CHARSETS = "unused character sets"
    VARIANTS = "rarely used variants"
    UNTOUCHED = "not seen to be used"
    LINK = "links to what was left out"
    FOLDER = "folders of what was left out"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A path that is not in the slim root. size: bytes that went with it, 0 for one more name of a file."""

    path: bytes
    reason: Reason
    size: int


@dataclass(frozen=True, slots=True)
class ReasonTotal:
    reason: Reason
    paths: int
    size: int  # bytes


def totals(dropped: Iterable[Dropped]) -> tuple[ReasonTotal, ...]:
    """What was left out, summed by reason, the largest first."""
    paths: dict[Reason, int] = {}
    sizes: dict[Reason, int] = {}
    for each in dropped:
        paths[each.reason] = paths.get(each.reason, 0) + 1
        sizes[each.reason] = sizes.get(each.reason, 0) + each.size
    found = (ReasonTotal(reason, count, sizes[reason]) for reason, count in paths.items())
    return tuple(sorted(found, key=lambda each: (-each.size, -each.paths, each.reason)))


def topmost(dropped: Iterable[Dropped]) -> tuple[Dropped, ...]:
    """Those whose folder is not itself left out: with them all below is gone."""
    gone = {each.path: each for each in dropped}
    return tuple(each for path, each in sorted(gone.items()) if path.rpartition(b"/")[0] not in gone)
