"""A process that goes on by itself, and what comes back from it."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from converter.errors import NoProgramError, RunError
from converter.runs.background import Tell, in_background


def nothing() -> None:
    return


def test_it_goes_on_when_all_is_well(tmp_path: Path) -> None:
    release, go = os.pipe()

    def begin(tell: Tell) -> None:
        tell(None)
        os.read(release, 1)
        (tmp_path / "done").write_text(str(os.getsid(0) == os.getpid()))

    in_background(begin, nothing)
    assert not (tmp_path / "done").exists()
    os.write(go, b"x")
    os.wait()
    assert (tmp_path / "done").read_text() == "True"


def test_its_errors_are_ours() -> None:
    def begin(tell: Tell) -> None:
        raise NoProgramError("no such thing", where="here", hint="look elsewhere")

    with pytest.raises(RunError) as refused:
        in_background(begin, nothing)
    found = refused.value
    assert (found.what, found.where, found.hint, found.run_status) == (
        "no such thing",
        "here",
        "look elsewhere",
        127,
    )
    os.wait()


@pytest.mark.parametrize("end", [lambda: os._exit(0), lambda: os.kill(os.getpid(), 9), lambda: 1 // 0])
def test_one_that_ends_without_a_word_has_failed(end: object) -> None:
    with pytest.raises(RunError):
        in_background(lambda tell: end(), nothing)  # type: ignore[operator]
    os.wait()


def test_what_we_hold_is_let_go_before_it_begins() -> None:
    """A datagram socket's port can be bound once."""
    ours = socket.socket(type=socket.SOCK_DGRAM)
    ours.bind(("127.0.0.1", 0))
    address = ours.getsockname()

    def begin(tell: Tell) -> None:
        ours.close()
        with socket.socket(type=socket.SOCK_DGRAM) as again:
            again.bind(address)
        tell(None)

    def leave() -> None:
        time.sleep(0.05)
        ours.close()

    in_background(begin, leave)
    os.wait()
