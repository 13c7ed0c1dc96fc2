"""How a batch goes on: a table that moves on a terminal, a line an image anywhere else."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from converter.report.text import binary, printable

if TYPE_CHECKING:
    from converter.batch.model import Outcome, Result, Task
    from converter.batch.observer import Observer

_PER_SECOND = 4  # how often the table is drawn


class _Lines:
    """On standard error, each when something has ended."""

    def __init__(self, total: int) -> None:
        self._total, self._ended = total, 0

    def started(self, task: Task) -> None:
        pass

    def again(self, task: Task, outcome: Outcome, seconds: float) -> None:
        self._say(printable(f"{task.image}: {first_line(outcome)}; again in {seconds:g} s"))

    def finished(self, result: Result) -> None:
        self._ended += 1
        self._say(f"[{self._ended}/{self._total}] {line_of(result)}")

    def passing(self) -> None:
        pass

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class _Table(_Lines):
    """Lines that stay for what has ended, and below them a table of what is at work."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        from rich.console import Console
        from rich.live import Live

        self._running: dict[str, tuple[Task, float]] = {}
        self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._live.start()
        self._drawn = 0.0

    def started(self, task: Task) -> None:
        self._running[task.key] = (task, time.monotonic())
        self._draw()

    def again(self, task: Task, outcome: Outcome, seconds: float) -> None:
        self._running.pop(task.key, None)
        super().again(task, outcome, seconds)

    def finished(self, result: Result) -> None:
        self._running.pop(result.task.key, None)
        super().finished(result)

    def passing(self) -> None:
        if time.monotonic() - self._drawn >= 1 / _PER_SECOND:
            self._draw()

    def _say(self, line: str) -> None:
        self._live.console.print(line, markup=False, highlight=False)

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._live.update(self._table(), refresh=True)

    def _table(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=f"{self._ended} of {self._total} images", title_justify="left")
        table.add_column("at work")
        table.add_column("seconds", justify="right")
        for task, since in self._running.values():
            table.add_row(Text(printable(task.image)), f"{self._drawn - since:.0f}")
        return table

    def end(self) -> None:
        self._live.stop()


class Shown:
    """The observer for this terminal, for a while: `with Shown(total) as observer`."""

    def __init__(self, total: int) -> None:
        self._table = _Table(total) if sys.stderr.isatty() else None
        self._observer = self._table or _Lines(total)

    def __enter__(self) -> Observer:
        return self._observer

    def __exit__(self, *_: object) -> None:
        if self._table is not None:
            self._table.end()


def first_line(outcome: Outcome) -> str:
    """What went wrong, in short."""
    return outcome.error.partition("\n")[0]


def line_of(result: Result) -> str:
    """What came of an image."""
    task, outcome = result.task, result.outcome
    told = (
        f"{binary(outcome.size)} in {outcome.seconds:.1f} s" if outcome.status.good else first_line(outcome)
    )
    return printable(f"{task.image}: {outcome.status}: {told}")
