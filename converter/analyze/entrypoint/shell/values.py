"""What is known of a value: its text, or why it is not known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A value that only a run shows. Two of them are never the same.

    reason:   what it is, as part of a sentence: "the output of date"
    filled:   True when it is surely not the empty string
    unquoted: True when it stood outside of quotes, so that it may be any number of words
    name:     True when it is a host's name: letters, digits, dots and dashes only
    """

    reason: str
    filled: bool = False
    unquoted: bool = False
    name: bool = False


Value = str | Unknown
MAX_TEXT = 4 << 20  # characters of a value, a file, a pipe
_MARK = 0x10000
Status = int | Unknown


class Undecided(Exception):  # not an error: the honest end of reading
    """Reading ends here. `line` of the script `script` does what reading can't tell."""

    def __init__(self, script: str, line: int, what: str) -> None:
        super().__init__(what)
        self.script = script
        self.line = line
        self.what = what

    def __str__(self) -> str:
        return f"{self.script}, line {self.line}: {self.what}"


def join(values: list[Value], between: str = "") -> Value:
    """The concatenation; unknown if any piece is, or if it gets too long."""
    lost = next((value for value in values if isinstance(value, Unknown)), None)
    if lost is None:
        texts = [value for value in values if isinstance(value, str)]
        if sum(map(len, texts)) + len(between) * len(texts) > MAX_TEXT:
            return Unknown("a text too long to be kept", filled=True)
        return between.join(texts)
    filled = any(value.filled if isinstance(value, Unknown) else bool(value) for value in values)
    return Unknown(lost.reason, filled or (bool(between) and len(values) > 1))


def marked(values: list[Value]) -> tuple[str, list[Unknown]] | None:
    """One text, each unknown name in it a character beyond all bytes; None if others are unknown."""
    found: list[Unknown] = []
    text: list[str] = []
    for value in values:
        if isinstance(value, str):
            text.append(value)
        elif value.name:
            text.append(chr(_MARK + len(found)))
            found.append(value)
        else:
            return None
    return "".join(text), found


def unmarked(text: str, found: list[Unknown]) -> Value:
    """The value that a marked text stands for."""
    return (
        join([found[ord(char) - _MARK] if ord(char) >= _MARK else char for char in text]) if found else text
    )


def first_unknown(values: list[Value]) -> Unknown | None:
    return next((value for value in values if isinstance(value, Unknown)), None)


def to_bytes(text: str) -> bytes:
    """The shell's text as the bytes it stands for."""
    return text.encode("latin-1")


def to_text(data: bytes) -> str:
    return data.decode("latin-1")


def shown(text: str, limit: int = 60) -> str:
    """Text for a message, cut to `limit` characters."""
    clean = to_bytes(text).decode("utf-8", "backslashreplace")
    clean = "".join(char if char.isprintable() else " " for char in clean)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
