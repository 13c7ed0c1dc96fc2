"""How long work tells how far it is; the CLI draws it, everything else keeps silent."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """One task at a time: start, any number of advance, done. Called from one thread only."""

    def start(self, task: str, total: int | None) -> None:
        """A task begins; `total` is in bytes, None when it is not known beforehand."""

    def advance(self, amount: int) -> None:
        """`amount` more bytes are done."""

    def done(self) -> None:
        """The task is over."""


class Silent:
    """A Progress that shows nothing."""

    def start(self, task: str, total: int | None) -> None: ...

    def advance(self, amount: int) -> None: ...

    def done(self) -> None: ...
