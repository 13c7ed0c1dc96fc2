"""`u2k run -t`: the program's streams are the user's terminal, which is as before when it has ended."""

from __future__ import annotations

import os
import signal
import termios
from pathlib import Path

import pytest

from tests.e2e.conftest import Command
from tests.e2e.subject import MACHINES, PLATFORMS, SIZE, needs_gcc, on_terminal, words

pytestmark = needs_gcc
Platform = tuple[str, ...]


@pytest.mark.parametrize("platform", MACHINES)
def test_all_three_are_a_terminal(subject: Path, platform: Platform) -> None:
    with on_terminal(words(subject, platform, ["-it"], "streams")) as (run, _):
        run.until(b"0 device terminal\r\n1 device terminal\r\n2 device terminal\r\n")
        assert run.status() == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_terminal_unless_asked_for(subject: Path, platform: Platform) -> None:
    with on_terminal(words(subject, platform, ["-i"], "streams")) as (run, _):
        assert b"terminal" not in run.until(b"2 pipe\r\n")
        assert run.status() == 0


@pytest.mark.parametrize("platform", MACHINES)
def test_lines_and_sizes(subject: Path, platform: Platform) -> None:
    with on_terminal(words(subject, platform, ["-t"], "lines")) as (run, screen):
        assert run.until(b"\n") == b"%dx%d\r\n" % SIZE
        os.write(run.output, b"one\x7f\x7f\x7ftwo\r")
        assert run.until(b"]\r\n") == b"one\b \b\b \b\b \btwo\r\n[two]\r\n"
        termios.tcsetwinsize(screen, (44, 202))
        run.until(b"now 44x202\r\n")
        os.write(run.output, b"half\x03")
        run.until(b"caught 2\r\n")
        os.write(run.output, b"a line\x15other\r")
        run.until(b"[other]\r\n")
        os.write(run.output, b"no end\x04")
        run.until(b"[no end]\r\n")
        os.write(run.output, b"\x04")
        run.until(b"end\r\n")
        assert run.status() == 5


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("how", "status"), [("quit", 6), ("crash", 139)])
def test_keys_and_the_terminal_afterwards(subject: Path, platform: Platform, how: str, status: int) -> None:
    with on_terminal(words(subject, platform, ["-it"], "keys", how)) as (run, screen):
        before = termios.tcgetattr(screen)
        run.until(b"ready\r\n")
        assert termios.tcgetattr(screen) != before
        for key in b"a\x03\x04\r\x1b":
            os.write(run.output, bytes([key]))
            # The carriage return is translated on input (ICRNL stays on), nothing is echoed.
            assert run.until(b">") == b"<%02x>" % (0x0A if key == 0x0D else key)
        os.write(run.output, b"q")
        assert run.status() == status
        assert termios.tcgetattr(screen) == before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_terminal_is_put_back_after_a_signal_and_after_a_failure(subject: Path, platform: Platform) -> None:
    for command, status in (
        (words(subject, platform, ["-t"], "await", "sleep"), 143),
        (words(subject, platform, ["-t", "--entrypoint", "/no/such"]), 127),
    ):
        with on_terminal(command) as (run, screen):
            before = termios.tcgetattr(screen)
            if status == 143:
                run.until(b"ready\r\n")
                run.process.terminate()
            else:
                run.until(b"/no/such")
            assert run.status() == status
            assert termios.tcgetattr(screen) == before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_terminal_that_is_none(u2k: Command, subject: Path, platform: Platform) -> None:
    done = u2k("run", *platform, "-it", subject, "streams")
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"standard input is not a terminal" in done.stderr and b"next: leave -t away" in done.stderr


@pytest.mark.parametrize("platform", PLATFORMS)
def test_hang_up_ends_the_program(subject: Path, platform: Platform) -> None:
    """The terminal window is closed: SIGHUP, as the kernel sends it to the session's leader."""
    with on_terminal(words(subject, platform, ["-t"], "await", "sleep")) as (run, _):
        run.until(b"ready\r\n")
        run.process.send_signal(signal.SIGHUP)
        assert run.status() == 129
