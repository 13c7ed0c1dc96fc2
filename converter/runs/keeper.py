"""Who looks after a run: writes down how it is, records what it says, does what others ask."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from converter.errors import U2kError
from converter.run.request import RunRequest, Started
from converter.runs.control import ControlServer
from converter.runs.folder import forget
from converter.runs.health.watch import HealthWatch
from converter.runs.record import Recorder
from converter.runs.state import Health, RunState, write_state

_FAILED = 125


@dataclass(slots=True)
class Keeper:
    """One run, from its claimed folder to its end.

    watch:   checks its health, if that can be known
    started: called when the program runs
    """

    folder: Path
    state: RunState
    watch: HealthWatch | None = None
    recorder: Recorder | None = None
    started: Callable[[], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ControlServer | None = None

    def keep(self, request: RunRequest, run: Callable[[RunRequest], int]) -> int:
        """`run` it, and look after it until its end; gives its status. Errors: as `run`."""
        self._server = ControlServer(self.folder)
        code, said = _FAILED, ""
        try:
            code = run(replace(request, started=self._started))
        except U2kError as error:
            code, said = error.run_status, str(error)
            if self.recorder is not None and self.state.started:
                print(f"u2k: error: {error}", file=sys.stderr)  # into the log: who started it has gone
            raise
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._finish(code, said)
        return code

    def _started(self, program: Started) -> None:
        if self.recorder is not None:
            self.recorder.carry()
        self._change(status="running", started=time.time())
        assert self._server is not None
        self._server.start(program)
        if self.watch is not None:
            self.watch.start(self._healthy)
        if self.started is not None:
            self.started()

    def _healthy(self, health: Health) -> None:
        self._change(health=health)

    def _change(self, **fields: object) -> None:
        """What cannot be written down is lost: the run is worth more than what is known of it."""
        with self._lock, contextlib.suppress(OSError):
            self.state = replace(self.state, **fields)  # type: ignore[arg-type]
            write_state(self.folder, self.state)

    def _finish(self, code: int, said: str) -> None:
        if self.watch is not None:
            self.watch.stop()
        if self.recorder is not None:
            self.recorder.finish()
        self._change(status="exited", finished=time.time(), exit_code=code, error=said)
        if self.state.remove or not self.state.started:
            forget(self.folder)
        assert self._server is not None
        self._server.finish(code)
