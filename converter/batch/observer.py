"""Who is told how a batch goes on."""

from __future__ import annotations

from typing import Protocol

from converter.batch.model import Outcome, Result, Task


class Observer(Protocol):
    """Calls come from one thread."""

    def started(self, task: Task) -> None:
        """It is being converted now."""

    def again(self, task: Task, outcome: Outcome, seconds: float) -> None:
        """It failed, and is tried again after so many seconds."""

    def finished(self, result: Result) -> None:
        """It has ended for good."""

    def passing(self) -> None:
        """Some time has passed."""
