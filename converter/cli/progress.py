"""Progress bars, on standard error and only on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from converter.image.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


class _Drawn:
    """One bar at a time; it appears with the first step of a task, so that short tasks draw nothing."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._task: tuple[str, int | None] | None = None

    def start(self, task: str, total: int | None) -> None:
        self._task = (task, total)

    def advance(self, amount: int) -> None:
        if self._task is None:
            return
        if self._bars is None:
            from rich.console import Console
            from rich.progress import Progress as Bars

            self._bars = Bars(console=Console(stderr=True), transient=True)
            self._bars.start()
            self._bars.add_task(self._task[0], total=self._task[1])
        self._bars.advance(self._bars.task_ids[0], amount)

    def done(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars = self._task = None


def shown(quiet: bool = False) -> Progress:
    """Bars for a person, silence for a machine."""
    return Silent() if quiet or not sys.stderr.isatty() else _Drawn()
