"""Making the program do its work: probes and scripts in its network, and the decision that it is enough."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.errors import RunError
from converter.image.progress import Progress
from converter.trace.native import Run
from converter.trace.request import Probe, TraceRequest

_IDLE = 3.0  # seconds without anything new, and nearly without work, that mean: it waits
_IDLE_COMING = 15.0  # the same, as long as a script has yet to come to the program
_IDLE_SHARE = 0.2  # of one processor
_IDLE_CALLS = 200  # a second; servers that wait have timers, and look at things
_TICK = 0.1
_SHOWN_WORDS = 4  # lines
_ANSWER = 5.0  # seconds that one attempt of a probe waits
_NOT_READY = ("status 502", "status 503", "status 504")  # a server that is there, but not ready


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went: what ended it, what each probe got, what was odd; `failed`: it ended by itself, badly."""

    ending: str
    answers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failed: bool = False
    coming: bool = False  # it was stopped before the entrypoint came to the program


def exercise(
    run: Run, request: TraceRequest, ports: Sequence[int], stop_signal: int, progress: Progress
) -> Outcome:
    """Do what `request` says with a started program, and stop it.

    Errors: RunError when it ends before all was done, does not answer, takes too much, or a script fails.
    """
    deadline = time.monotonic() + request.seconds
    progress.start("tracing the program", None)
    answers: list[str] = []
    notes: list[str] = []
    try:
        if request.probes or request.exercises:
            _wait_for_program(run, deadline)
        for probe in request.probes:
            answer = _probe(run, probe, deadline)
            answers.append(f"{probe}: {answer}")
            if answer.startswith(("status 4", "status 5")):
                notes.append(f"the probe {probe} got {answer}: was it the right address?")
        for script in request.exercises:
            if not request.probes:
                _wait_until_it_listens(run, deadline)
            _script(run, script, ports, deadline)
        if request.probes or request.exercises:
            ending = "stopped when the exercises were done"
        else:
            ending = _wait_until_idle(run, deadline, request.seconds)
        coming = bool(ending) and run.coming()
        run.stop(stop_signal)
    finally:
        progress.done()
    if ending:
        return Outcome(ending, tuple(answers), tuple(notes), coming=coming)
    ending = _ended_itself(run)
    ended = run.watcher.ended
    failed = ended is not None and bool(ended.signal or ended.status)
    if failed and (words := run.last_words()):
        notes.append("its last words: " + " | ".join(words.splitlines()[-_SHOWN_WORDS:]))
    return Outcome(ending, tuple(answers), tuple(notes), failed)


def _probe(run: Run, probe: Probe, deadline: float) -> str:
    said = "nothing"
    while time.monotonic() < deadline:
        _check_alive(run, f"the probe {probe} was answered")
        left = max(1.0, min(_ANSWER, deadline - time.monotonic()))
        words = (
            "ask",
            probe.scheme,
            probe.host,
            str(probe.port),
            f"{left:.1f}",
            probe.path or probe.send or "",
        )
        command = run.enter_command(*words)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        lines = done.stdout.decode(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "nothing"
        if done.returncode == 0 and said not in _NOT_READY:
            return said
        time.sleep(_TICK)
    listening = ", ".join(map(str, run.watcher.sockets.listening)) or "none"
    raise RunError(
        f"the probe {probe} was not answered ({said})" + _words(run),
        hint=f"ports that the program listens on: {listening}; give it longer with --trace-seconds",
    )


def _script(run: Run, script: Path, ports: Sequence[int], deadline: float) -> None:
    listening = list(run.watcher.sockets.listening) or list(ports)
    environment = {
        **os.environ,
        "U2K_HOST": "127.0.0.1",
        "U2K_PORT": str(listening[0]) if listening else "",
        "U2K_PORTS": " ".join(map(str, listening)),
    }
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            run.enter_command("run", str(script)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
        try:
            status = child.wait(max(1.0, deadline - time.monotonic()))
            why = "" if status == 0 else f"ended with status {status}"
        except subprocess.TimeoutExpired:
            why = "did not come to an end in time"
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        output.seek(max(0, output.seek(0, os.SEEK_END) - 4096))
        lines = output.read().decode(errors="replace").strip().splitlines()[-10:]
    if why:
        _check_alive(run, f"{script.name} was done")
        said = "\n".join(["", *lines]) if lines else ""
        raise RunError(
            f"the exercise {why}{said}",
            where=str(script),
            hint="it runs in the program's network, at U2K_HOST and U2K_PORT; --trace-seconds: longer",
        )


def _wait_for_program(run: Run, deadline: float) -> None:
    """A server that the entrypoint starts for its own preparations is not the one to be asked."""
    quiet = _Quiet(run)
    while time.monotonic() < deadline and not run.over() and not quiet.now():
        if run.watcher.main is not None and not run.coming():
            return
        time.sleep(_TICK)


def _wait_until_it_listens(run: Run, deadline: float) -> None:
    """Or until it is idle: not every program that scripts exercise has a port."""
    quiet = _Quiet(run)
    while time.monotonic() < deadline and not run.watcher.sockets.listening and not quiet.now():
        _check_alive(run, "it was exercised")
        time.sleep(_TICK)


def _wait_until_idle(run: Run, deadline: float, seconds: float) -> str:
    quiet = _Quiet(run)
    while not run.over():
        if time.monotonic() >= deadline:
            return f"stopped after {seconds:g} seconds"
        if quiet.now():
            return f"stopped when it had done nothing new for {quiet.patience():g} seconds"
        time.sleep(_TICK)
    _check_moderate(run)
    return ""


class _Quiet:
    """Says whether the program has shown nothing new, and hardly worked, for some seconds."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reset()

    def _reset(self) -> None:
        self._size, self._calls = self._progress(), self._run.watcher.calls
        self._work, self._since = self._run.work(), time.monotonic()

    def _progress(self) -> tuple[int, int]:
        """What a script starts, again and again, is work of its own: it waits for something."""
        watcher = self._run.watcher
        return watcher.size(), watcher.executed if self._run.coming() else 0

    def patience(self) -> float:
        return _IDLE_COMING if self._run.coming() else _IDLE

    def now(self) -> bool:
        if self._run.held or self._progress() != self._size or self._run.waits_for_disk():
            self._reset()
        waited = time.monotonic() - self._since
        if waited < self.patience():
            return False
        if self._run.watcher.main is not None and self._rests(waited):
            return True
        self._reset()
        return False

    def _rests(self, seconds: float) -> bool:
        """Whether it hardly worked. On a busy machine strace takes most of the time that it has."""
        calls = self._run.watcher.calls - self._calls
        return calls < _IDLE_CALLS * seconds and self._run.work() - self._work < _IDLE_SHARE * seconds


def _check_moderate(run: Run) -> None:
    if run.beyond is not None:
        raise RunError(run.beyond, hint="give it less to do; TMPDIR names the folder whose disk it writes to")


def _check_alive(run: Run, what: str) -> None:
    _check_moderate(run)
    if run.over():
        raise RunError(
            f"the program ended before {what} ({_ended_itself(run)})" + _words(run),
            hint="run it natively with the same arguments, or see what it lacks: variables, a network",
        )


def _ended_itself(run: Run) -> str:
    run.settle()
    ended = run.watcher.ended
    if ended is None:
        return "it ended"
    return f"signal {ended.signal} ended it" if ended.signal else f"it ended with status {ended.status}"


def _words(run: Run) -> str:
    words = run.last_words()
    return f"; its last words:\n{words}" if words else ""
