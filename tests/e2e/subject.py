"""Running tests/guest/run/subject.c by `u2k run`: what a test gives, and waiting for what it says."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import U2K

SIZE = (33, 101)  # rows and columns of the terminals
PATIENCE = 60.0  # seconds; what takes this long hangs

needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None or os.uname().machine != "x86_64", reason="needs gcc on x86-64"
)
_needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None,
    reason="qemu-system-x86_64 is not here (Debian: apt-get install qemu-system-x86)",
)
PROCESS = pytest.param(("--on", "process"), id="process")
QEMU = pytest.param(("--on", "qemu"), id="microvm-acpi=off", marks=_needs_qemu)
PLATFORMS = [PROCESS, QEMU]
MACHINES = [
    *PLATFORMS,
    *(
        pytest.param(("--on", "qemu", "--machine", name), id=name, marks=_needs_qemu)
        for name in ("microvm", "pc", "q35")
    ),
]


@dataclass(slots=True)
class Running:
    """A `u2k run` that goes on, and the descriptor where its output is read."""

    process: subprocess.Popen[bytes]
    output: int
    said: bytes = b""

    def until(self, text: bytes) -> bytes:
        """All of the output up to and with `text`, which is then forgotten."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            self.said += self._some(deadline, text)
        before, found, self.said = self.said.partition(text)
        return before + found

    def rest(self) -> bytes:
        """The output to its end."""
        deadline = time.monotonic() + PATIENCE
        with contextlib.suppress(EOFError):
            while True:
                self.said += self._some(deadline, b"the end")
        return self.said

    def status(self) -> int:
        return self.process.wait(PATIENCE)

    def _some(self, deadline: float, wanted: bytes) -> bytes:
        ready, _, _ = select.select([self.output], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"waited for {wanted!r}, but only {self.said!r} came"
        try:
            data = os.read(self.output, 1 << 16)
        except OSError:  # EIO: nobody has the terminal's other side any more
            data = b""
        if not data:
            raise EOFError(f"waited for {wanted!r}, but all that came was {self.said!r}")
        return data


def words(unikernel: Path, platform: Sequence[str], options: Sequence[str], *args: str) -> list[str]:
    return [*U2K, "run", *platform, *options, str(unikernel), *args]


@contextlib.contextmanager
def started(command: Sequence[str], **more: Any) -> Iterator[Running]:
    """`command` with its standard output in a pipe; killed at the end of the block if it still runs."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0, **more)
    assert process.stdout is not None
    with process:
        try:
            yield Running(process, process.stdout.fileno())
        finally:
            process.kill()


@contextlib.contextmanager
def on_terminal(command: Sequence[str], **more: Any) -> Iterator[tuple[Running, int]]:
    """`command` in a session of its own, whose controlling terminal are its streams.

    Gives the run, whose output is what the screen shows and whose keyboard is `Running.output` as well, and
    a descriptor of the terminal as the command has it.
    """
    keyboard, screen = pty.openpty()
    termios.tcsetwinsize(screen, SIZE)
    try:
        process = subprocess.Popen(
            command,
            stdin=screen,
            stdout=more.pop("stdout", screen),
            stderr=screen,
            start_new_session=True,
            preexec_fn=_take_terminal,
            **more,
        )
        with process:
            try:
                yield Running(process, keyboard), screen
            finally:
                process.kill()
    finally:
        os.close(keyboard)
        os.close(screen)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def descendants(pid: int) -> list[int]:
    """Process ids of all children below `pid` (proc(5))."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def ended(pid: int) -> bool:
    """Whether a process that is not our child ends within the patience: it is gone, or a zombie."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
