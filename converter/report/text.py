"""Text of strangers on a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 110  # characters of a line where nobody's terminal says
_NARROWEST = 40  # with less than that per line nothing can be read
_MARGIN = re.compile(r"\S+ {2,}|\s+")


def printable(text: str) -> str:
    """`text` on one line, with control characters, line ends and half characters written as escapes.

    An image's names and labels could otherwise move the cursor or change what a person reads (ECMA-48).
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def wrapped(words: Iterable[str], indent: str, width: int = WIDTH) -> Iterator[str]:
    """Words of strangers, separated by blanks, in lines of at most `width` characters."""
    line = ""
    for word in map(printable, words):
        if line and len(indent) + len(line) + 1 + len(word) > width:
            yield indent + line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield indent + line


def folded(line: str, width: int) -> list[str]:
    """`line` in pieces of at most `width` characters, broken at blanks, under what stands behind its margin.

    The margin is the blanks that it begins with, or its first word with at least two blanks behind it. What
    comes next (a command) is not broken.
    """
    margin = _MARGIN.match(line)
    indent = min(len(margin[0]) if margin else 0, width // 2)
    # A command is to be copied, and a word that has no room stands no better on a line of its own.
    longest = max(map(len, line.split()), default=0)
    if len(line) <= width or line.startswith("next: ") or indent + longest > width:
        return [line]
    return textwrap.wrap(
        line,
        max(width, _NARROWEST),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def binary(size: int) -> str:
    """A size for people: 512 B, 14.2 KiB, 73.0 MiB."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
