"""Tasks on this machine: so many worker processes, each with its share of the memory."""

from __future__ import annotations

import heapq
import selectors
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from converter.batch.model import Outcome, Result, Status, Task
from converter.batch.observer import Observer
from converter.batch.worker_process import WorkerProcess, WorkerSettings
from converter.output import remove_unfinished

_TICK = 0.25  # seconds between two looks at clocks
_SOURCE = 4  # exit code of errors that may be another thing the next time


@dataclass(frozen=True, slots=True)
class Limits:
    """timeout: seconds for one image, None: any; retries: of source errors and of processes that ended;
    delay: seconds before the first of them, doubled for each further one; memory: bytes for all together.
    """

    jobs: int = 1
    memory: int = 0
    timeout: float | None = None
    retries: int = 2
    delay: float = 2.0

    @property
    def share(self) -> int:
        """Bytes for one worker."""
        return self.memory // self.jobs

    def again(self, task: Task, outcome: Outcome, attempts: int) -> float | None:
        """After how many seconds to try it again; None: not at all. A local archive stays as it is."""
        may_change = outcome.exit_code == _SOURCE and not Path(task.image).exists()
        if attempts > self.retries or not (may_change or outcome.status is Status.CRASHED):
            return None
        return float(self.delay * 2 ** (attempts - 1))


@dataclass(order=True, slots=True)
class _Waiting:
    ready: float
    number: int
    task: Task = field(compare=False)
    attempts: int = field(default=0, compare=False)
    alone: bool = field(default=False, compare=False)  # with all of the memory, once nothing else runs


class LocalRun:
    """One run over some tasks. `results` gives each once; leaving it ends all processes."""

    def __init__(
        self, tasks: Iterable[Task], folder: Path, limits: Limits, observer: Observer, *, reuse: bool = True
    ) -> None:
        self._limits, self._observer = limits, observer
        self._settings = WorkerSettings(folder, limits.share, reuse)
        self._waiting = [_Waiting(0.0, task.number, task) for task in tasks]
        heapq.heapify(self._waiting)
        self._running: dict[WorkerProcess, _Waiting] = {}
        self._idle: list[WorkerProcess] = []
        self._stopped = False

    def stop(self) -> None:
        """Begin no more: what waits is skipped, what runs comes to its end."""
        self._stopped = True

    def results(self) -> Iterator[Result]:
        """Each task's end, in the order of their ends."""
        try:
            while self._waiting or self._running:
                if self._stopped:
                    yield from (Result.skipped(each.task) for each in sorted(self._waiting))
                    self._waiting.clear()
                self._begin()
                self._wait()
                self._observer.passing()
                for worker in list(self._running):
                    outcome = worker.outcome(self._limits.timeout)
                    if outcome is not None and (result := self._take(worker, outcome)) is not None:
                        self._observer.finished(result)
                        yield result
        finally:
            for worker in (*self._running, *self._idle):
                worker.end()

    def _begin(self) -> None:
        """Give tasks to workers that are free. What needs all of the memory waits until it is free, and lets
        nothing else begin meanwhile.
        """
        now = time.monotonic()
        ready = [each for each in self._waiting if each.ready <= now]
        if any(each.alone for each in ready):
            if self._running:
                return
            for worker in self._idle:  # they have memory, too
                worker.end()
            self._idle.clear()
            one = next(each for each in sorted(ready) if each.alone)
            self._start(one, WorkerProcess(replace(self._settings, limit=self._limits.memory)))
            return
        if any(each.alone for each in self._running.values()):
            return
        for each in sorted(ready)[: self._limits.jobs - len(self._running)]:
            self._start(each, self._idle.pop() if self._idle else WorkerProcess(self._settings))

    def _start(self, waiting: _Waiting, worker: WorkerProcess) -> None:
        self._waiting.remove(waiting)
        heapq.heapify(self._waiting)
        waiting.attempts += 1
        self._running[worker] = waiting
        self._observer.started(waiting.task)
        worker.begin(waiting.task)

    def _wait(self) -> None:
        """Until a worker says something, or for a moment."""
        with selectors.DefaultSelector() as selector:
            for worker in self._running:
                selector.register(worker, selectors.EVENT_READ)
            selector.select(_TICK)

    def _take(self, worker: WorkerProcess, outcome: Outcome) -> Result | None:
        """A worker is done with its task; None: it is tried again."""
        waiting = self._running.pop(worker)
        task = waiting.task
        if worker.usable and not waiting.alone:
            self._idle.append(worker)
        else:
            worker.end()
            remove_unfinished(self._settings.folder / task.output)
        outcome = replace(outcome, attempts=waiting.attempts)
        if outcome.status is Status.MEMORY and not waiting.alone and self._limits.jobs > 1:
            self._later(waiting, outcome, 0.0, alone=True)
            return None
        seconds = None if self._stopped else self._limits.again(task, outcome, waiting.attempts)
        if seconds is not None:
            self._later(waiting, outcome, seconds, alone=waiting.alone)
            return None
        return Result(task, outcome)

    def _later(self, waiting: _Waiting, outcome: Outcome, seconds: float, *, alone: bool) -> None:
        self._observer.again(waiting.task, outcome, seconds)
        again = replace(waiting, ready=time.monotonic() + seconds, alone=alone)
        heapq.heappush(self._waiting, again)
