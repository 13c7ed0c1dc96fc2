"""The other end of a worker (`worker.py`): giving it tasks, waiting for what comes of them, ending it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from converter.batch.model import Outcome, Status, Task

_LAST_WORDS = 400  # characters of its standard error


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How workers are started. limit: bytes of data that each may have; 0: any."""

    folder: Path
    limit: int = 0
    reuse: bool = True


class WorkerProcess:
    """A process that converts one image at a time, in a session of its own: so all of it can be ended."""

    def __init__(self, settings: WorkerSettings) -> None:
        words = [sys.executable, "-m", "converter.batch.worker", str(settings.folder), str(settings.limit)]
        self._process = subprocess.Popen(
            words if settings.reuse else [*words, "--no-cache"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._input, self._output, self._errors = (
            self._process.stdin, self._process.stdout, self._process.stderr
        )  # fmt: skip
        os.set_blocking(self._output.fileno(), False)
        os.set_blocking(self._errors.fileno(), False)
        self._said, self._answer = b"", b""
        self.task: Task | None = None
        self.started = 0.0
        self.alone = False
        self.usable = True  # whether it takes another task

    def fileno(self) -> int:
        """To wait for what it says (select(2))."""
        return self._output.fileno()

    def begin(self, task: Task) -> None:
        """Give it a task. What is wrong with the process shows in `outcome`."""
        self.task, self.started = task, time.monotonic()
        told = {
            "number": task.number,
            "image": task.image,
            "output": task.output,
            "settings": dict(task.settings),
        }
        with suppress(BrokenPipeError):
            self._input.write(json.dumps(told).encode() + b"\n")
            self._input.flush()

    def outcome(self, timeout: float | None) -> Outcome | None:
        """What came of the task; None: it goes on. After `timeout` seconds the process is ended."""
        self._listen()
        try:
            data = self._output.read()
        except BlockingIOError:
            data = None
        self._answer += data or b""
        if b"\n" in self._answer:
            told = json.loads(self._answer)
            self._answer, self.task = b"", None
            self.usable = not told["ends"]
            return Outcome.of_document(told["outcome"])
        if data == b"":
            return self._ended()
        if timeout is not None and time.monotonic() - self.started > timeout:
            return self._given_up(timeout)
        return None

    def _listen(self) -> None:
        """A full pipe would stop it."""
        with suppress(BlockingIOError):
            self._said = (self._said + (self._errors.read() or b""))[-_LAST_WORDS:]

    def _ended(self) -> Outcome:
        assert self.task is not None
        status = self._process.wait()
        self._listen()
        seconds = time.monotonic() - self.started
        how = (
            f"by signal {-status} ({signal.Signals(-status).name})" if status < 0 else f"with status {status}"
        )
        said = self._said.decode(errors="replace").strip().splitlines()
        where, self.task, self.usable = self.task.image, None, False
        if said and said[-1].startswith("MemoryError"):
            return Outcome(Status.MEMORY, 1, "it ran out of memory", where, seconds=seconds)
        what = f"the process that converted it ended {how}" + (f": {said[-1]}" if said else "")
        hint = (
            "the system may be short of memory: fewer --jobs, or less --memory"
            if status == -signal.SIGKILL
            else ""
        )
        return Outcome(Status.CRASHED, 1, what, where, hint, seconds=seconds)

    def _given_up(self, timeout: float) -> Outcome:
        assert self.task is not None
        where = self.task.image
        self.end()
        what = f"it took longer than {timeout:g} seconds"
        return Outcome(Status.TIMEOUT, 1, what, where, "give it more with --timeout", seconds=timeout)

    def end(self) -> None:
        """End the process and all that it runs, now."""
        self.task, self.usable = None, False
        with suppress(ProcessLookupError):
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._input, self._output, self._errors):
            with suppress(OSError):
                stream.close()
