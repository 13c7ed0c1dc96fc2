"""Regular expressions from an image, matched in bounded time: Python's engine backtracks without end."""

from __future__ import annotations

import re
from functools import lru_cache

_QUANTIFIER = re.compile(r"(?<!\\)(?:[*+?]|\{[0-9,]+\})")
_GROUP_QUANTIFIER = re.compile(r"\)(?:[*+]|\{[0-9,]+\})")
_SHORT = 24  # characters: the worst expression is done with in a moment
_MAX_TEXT = 1 << 20
_MAX_WORK = 50_000_000  # steps, counted for the worst case: length ^ quantifiers


class BoundProblem(ValueError):
    """An expression, or a text, that might take too long."""


@lru_cache(maxsize=512)
def _compiled(expression: str, flags: int) -> re.Pattern[str]:
    if len(expression) > 4000:
        raise BoundProblem("a regular expression too long to be matched here")
    try:
        return re.compile(expression, flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise BoundProblem("a regular expression that is not understood") from error


def compiled(expression: str, text: str, flags: int = re.DOTALL) -> re.Pattern[str]:
    """`expression`, to be matched against `text`. Raises BoundProblem if that might take too long."""
    found = _compiled(expression, flags)
    if len(text) <= _SHORT:
        return found
    if _GROUP_QUANTIFIER.search(expression):
        raise BoundProblem("a regular expression that repeats a group, on a long text")
    repeats = len(_QUANTIFIER.findall(re.sub(r"\[\^?\]?[^\]]*\]", "x", expression)))
    longest = max(map(len, text.split("\n"))) if not flags & re.DOTALL else len(text)
    if len(text) > _MAX_TEXT or (repeats > 2 and longest ** (repeats - 1) > _MAX_WORK):
        raise BoundProblem("a regular expression that might take too long on a long text")
    return found
