"""A unikernel as a stop: started as `u2k run` does, by a process that keeps its output away."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from converter.errors import RunError, U2kError
from converter.link.manifest import read_manifest
from converter.report.continuum.running.memory import children
from converter.report.continuum.running.question import Question
from converter.report.continuum.running.said import last_words
from converter.report.continuum.running.sample import Running
from converter.run.network.host_ports import open_ports
from converter.run.network.plan import NetworkOptions, planned
from converter.run.request import Runner, RunRequest

_FAILED = 125
_TIME = struct.Struct("=d")


class UnikernelWay:
    """`file` by `runner`, its port published on loopback."""

    def __init__(self, file: Path, runner: Runner) -> None:
        self._file, self._runner = file, runner
        self._manifest = read_manifest(file)

    @contextlib.contextmanager
    def started(self, question: Question) -> Iterator[Running]:
        """See `Way`."""
        publish = () if question.check is None else (f"127.0.0.1::{question.check.port}",)
        network = planned(NetworkOptions(publish=publish), self._manifest)
        with open_ports(network.publications) as ports, tempfile.TemporaryFile() as said:
            request = RunRequest(self._file, self._manifest, network=network, ports=ports, log_level=1)
            pid, begun = self._fork(request, said)
            port = ports.published[0].host if ports.published else 0
            ports.release()  # they are the other's now
            end = _End(pid)
            try:
                yield Running(begun, port, None, lambda: children(pid), end.look, lambda: last_words(said))
            finally:
                end.kill()

    def _fork(self, request: RunRequest, said: IO[bytes]) -> tuple[int, float]:
        """Its number, and when it began."""
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = _FAILED
            try:
                status = self._run(request, said.fileno(), write_end)
            finally:
                os._exit(status)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as told:
            data = told.read(_TIME.size)
        if len(data) < _TIME.size:
            os.waitpid(pid, 0)
            raise RunError(f"it could not be started: {last_words(said)}")
        return pid, _TIME.unpack(data)[0]

    def _run(self, request: RunRequest, said: int, told: int) -> int:
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for number, target in ((nowhere, 0), (said, 1), (said, 2)):
            os.dup2(number, target)
        os.set_inheritable(told, False)
        os.write(told, _TIME.pack(time.monotonic()))
        os.close(told)
        try:
            return self._runner.run(request)
        except U2kError as error:
            os.write(2, f"{error}\n".encode(errors="replace"))
            return error.run_status


class _End:
    """Looks for the end of a child, once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._found: tuple[float, int] | None = None

    def look(self) -> tuple[float, int] | None:
        if self._found is None and os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self._found = time.monotonic(), os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._found

    def kill(self) -> None:
        """What it has started ends with it (run/child.py)."""
        if self._found is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
