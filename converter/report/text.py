"""Text of strangers on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` on one line, with control characters, line ends and half characters written as escapes.

    An image's names and labels could otherwise move the cursor or change what a person reads (ECMA-48).
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
