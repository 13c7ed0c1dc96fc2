"""Text of strangers on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def printable(text: str) -> str:
    """`text` on one line, with control characters, line ends and half characters written as escapes.

    An image's names and labels could otherwise move the cursor or change what a person reads (ECMA-48).
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def wrapped(words: Iterable[str], indent: str, width: int = 110) -> Iterator[str]:
    """Words of strangers, separated by blanks, in lines of at most `width` characters."""
    line = ""
    for word in map(printable, words):
        if line and len(indent) + len(line) + 1 + len(word) > width:
            yield indent + line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield indent + line


def binary(size: int) -> str:
    """A size for people: 512 B, 14.2 KiB, 73.0 MiB."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
