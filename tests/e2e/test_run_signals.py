"""Signals sent to `u2k run` are the program's; and u2k leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.subject import (
    MACHINES,
    PLATFORMS,
    SIGNALS,
    descendants,
    ended,
    needs_gcc,
    on_terminal,
    started,
    words,
)

pytestmark = needs_gcc
Platform = tuple[str, ...]


@pytest.mark.parametrize("platform", MACHINES)
@pytest.mark.parametrize("how", ["sleep", "spin"])
def test_handlers_run(subject: Path, platform: Platform, how: str) -> None:
    command = words(subject, platform, [], "await", how, str(len(SIGNALS)))
    with started(command, stdin=subprocess.DEVNULL) as run:
        run.until(b"ready\n")
        for number in SIGNALS:
            run.process.send_signal(number)
            assert run.until(b"\n") == f"caught {number}\n".encode()
        assert (run.rest(), run.status()) == (b"", 7)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("number", SIGNALS)
def test_default_action_is_status_128_and_number(
    subject: Path, platform: Platform, number: signal.Signals
) -> None:
    how = "spin" if number == signal.SIGTERM else "sleep"
    with started(words(subject, platform, [], "await", how), stdin=subprocess.DEVNULL) as run:
        run.until(b"ready\n")
        run.process.send_signal(number)
        assert (run.rest(), run.status()) == (b"", 128 + number)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("options", [(), ("-i",), ("-t",)], ids=["alone", "-i", "-t"])
def test_interrupt_key_comes_once(subject: Path, platform: Platform, options: tuple[str, ...]) -> None:
    """The terminal sends SIGINT to all of the foreground group; the program must hear of it once.

    What is typed first is echoed by the terminal, what comes second is a line by itself."""
    command = words(subject, platform, options, "await", "sleep", "3")
    with on_terminal(command) as (run, _):
        run.until(b"ready\r\n")
        for _ in range(2):
            os.write(run.output, b"\x03")
            run.until(b"caught 2\r\n")
        run.process.send_signal(signal.SIGUSR1)
        # A second delivery would have come before this one, and have made it the fourth.
        assert run.until(b"\n").replace(b"^C", b"") == b"caught 10\r\n"
        assert run.status() == 7


@pytest.mark.parametrize("platform", PLATFORMS)
def test_reading_the_terminal_does_not_stop_the_program(subject: Path, platform: Platform) -> None:
    """-i without -t: the terminal keeps its own line editing, and a background group would get SIGTTIN."""
    with on_terminal(words(subject, platform, ["-i"], "copy")) as (run, _):
        os.write(run.output, b"a line\n")
        run.until(b"a line\r\n")  # the terminal's echo
        run.until(b"a line\r\n")
        os.write(run.output, b"\x04")
        run.until(b"7 bytes\r\n")
        assert run.status() == 0


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("how", ["sleep", "spin"])
def test_killed_u2k_leaves_nothing(subject: Path, platform: Platform, how: str) -> None:
    with started(words(subject, platform, [], "await", how), stdin=subprocess.DEVNULL) as run:
        run.until(b"ready\n")
        below = descendants(run.process.pid)
        assert below
        run.process.kill()
        assert run.status() == -signal.SIGKILL
        assert all(ended(pid) for pid in below)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_ignored_signals_stay_ignored(subject: Path, platform: Platform) -> None:
    """nohup(1), and what a shell starts in the background."""

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    command = words(subject, platform, [], "await", "sleep", "1")
    with started(command, stdin=subprocess.DEVNULL, preexec_fn=ignore) as run:
        run.until(b"ready\n")
        run.process.send_signal(signal.SIGHUP)
        run.process.send_signal(signal.SIGUSR2)
        assert (run.rest(), run.status()) == (b"caught 12\n", 7)
