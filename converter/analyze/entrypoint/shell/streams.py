"""Where a script's descriptors lead: the container's streams, files, pipes and what a `$( )` collects."""

from __future__ import annotations

from collections.abc import Callable

from converter.analyze.entrypoint.shell.values import MAX_TEXT, Unknown, Value, join


class Stream:
    """An open descriptor: nothing can be read from it, and what is written is lost (/dev/null)."""

    name = "/dev/null"

    def write(self, text: Value) -> None:
        """Append `text`."""

    def read(self) -> Value:
        """All that is left."""
        return ""

    def pieces(self) -> list[Value]:
        """All that is left, its known and unknown parts apart."""
        return [self.read()]

    def line(self, end: str = "\n") -> tuple[Value, bool]:
        """The next line without its `end`, a character, and whether that was there."""
        return "", False


class Console(Stream):
    """A stream of the container itself: `print` is told what goes out; what comes in is unknown."""

    def __init__(self, name: str, printed: Callable[[str, Value], None]) -> None:
        self.name = name
        self._printed = printed

    def write(self, text: Value) -> None:
        if text != "":
            self._printed(self.name, text)

    def read(self) -> Value:
        return Unknown(f"what comes from {self.name}")

    def line(self, end: str = "\n") -> tuple[Value, bool]:
        return self.read(), True


class Collected(Stream):
    """A pipe or the inside of `$( )`: written first, read later."""

    name = "a pipe"

    def __init__(self, text: Value = "") -> None:
        self._parts: list[Value] = [text] if text != "" else []
        self._size = 0
        self._at = 0
        self._whole: Value | None = None

    def write(self, text: Value) -> None:
        if isinstance(text, str):
            self._size += len(text)
        if self._size > MAX_TEXT:
            self._parts = [Unknown("more output than is kept here", filled=True)]
        elif text != "":
            self._parts.append(text)
        self._whole = None

    def value(self) -> Value:
        """All that was written."""
        if self._whole is None:
            self._whole = join(self._parts)
        return self._whole

    def read(self) -> Value:
        whole = self.value()
        if isinstance(whole, Unknown):
            return whole
        rest, self._at = whole[self._at :], len(whole)
        return rest

    def pieces(self) -> list[Value]:
        return self._parts if self._at == 0 else [self.read()]

    def line(self, end: str = "\n") -> tuple[Value, bool]:
        whole = self.value()
        if isinstance(whole, Unknown):
            return whole, True
        found = whole.find(end, self._at)
        start = self._at
        self._at = len(whole) if found < 0 else found + 1
        return (whole[start:], False) if found < 0 else (whole[start:found], True)


class Written(Stream):
    """A file opened for writing. Each write goes to the file at once."""

    def __init__(self, name: str, store: Callable[[Value], None]) -> None:
        self.name = name
        self._store = store

    def write(self, text: Value) -> None:
        if text != "":
            self._store(text)
