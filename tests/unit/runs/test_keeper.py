"""Who looks after a run: what is written down at each step, and what others can ask."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.errors import NoProgramError, RunError
from converter.run.request import RunRequest, Started
from converter.runs.begin import Named, run_named
from converter.runs.control import _short, asked
from converter.runs.folder import folder_of, known_runs, runs_folder
from converter.runs.state import Health, RunState, read_state
from tests.unit.run.test_request import manifest

REQUEST = RunRequest(Path("x.u2k"), manifest(("/bin/x", "-v"), stop_signal="3"))


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Long enough that no address of a socket could hold it.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ("long" * 30)))


class Program:
    """Runs until it is told to end."""

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.ended = threading.Event()
        self.status = 0

    def signal(self, number: int) -> None:
        self.signals.append(number)
        if number == 15:
            self.end(143)

    def end(self, status: int) -> None:
        self.status = status
        self.ended.set()

    def run(self, request: RunRequest) -> int:
        assert request.started is not None
        request.started(Started(self.signal, lambda: self.end(137)))
        assert self.ended.wait(20)
        return self.status


def state_of(name: str) -> RunState:
    found = read_state(folder_of(name))
    assert found is not None
    return found


def listens(folder: Path) -> bool:
    """A socket that is bound and does not listen yet is there, and refuses."""
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError), _short(folder) as path:
        client.connect(path)
        return True
    return False


def with_running(act: Callable[[Program, Path], None], **named: object) -> tuple[Program, tuple[str, int]]:
    program = Program()
    fields = {"name": "one", "what": "x.u2k", **named}

    def beside() -> None:
        while not listens(runs_folder() / "one"):
            threading.Event().wait(0.01)
        act(program, runs_folder() / "one")

    other = threading.Thread(target=beside)
    other.start()
    done = run_named(REQUEST, program.run, Named(**fields), Health("unknown", why="w"))  # type: ignore[arg-type]
    other.join()
    return program, done


def test_a_signal_and_then_force() -> None:
    answers = []

    def act(_: Program, folder: Path) -> None:
        state = state_of("one")
        assert (state.status, state.going, state.stop_signal) == ("running", True, 3)
        assert state.command == ("/bin/x", "-v") and state.health == Health("unknown", why="w")
        answers.append(asked(folder, {"stop": 3, "seconds": 0.05}))

    program, done = with_running(act)
    assert (program.signals, done, answers) == ([3], ("one", 137), [137])
    state = state_of("one")
    assert (state.status, state.exit_code, state.error) == ("exited", 137, "")
    assert state.created <= state.started <= state.finished
    assert asked(runs_folder() / "one", {"wait": True}) is None


def test_a_signal_that_is_obeyed_and_two_who_wait() -> None:
    answers: list[int | None] = []

    def act(_: Program, folder: Path) -> None:
        waiting = [
            threading.Thread(target=lambda: answers.append(asked(folder, {"wait": True}))) for _ in range(2)
        ]
        for each in waiting:
            each.start()
        threading.Event().wait(0.5)  # both have asked: who asks after the end is told nothing
        answers.append(asked(folder, {"stop": 15, "seconds": None}))
        for each in waiting:
            each.join()

    program, done = with_running(act)
    assert (program.signals, done, answers) == ([15], ("one", 143), [143] * 3)


def test_kill_is_not_sent_as_a_signal() -> None:
    program, done = with_running(lambda _, folder: asked(folder, {"stop": 9, "seconds": 60}) and None)
    assert (program.signals, done) == ([], ("one", 137))


def test_nonsense_does_no_harm() -> None:
    def act(program: Program, folder: Path) -> None:
        for text in (b"", b"\n", b"{", b"[]\n", b'{"stop": "x"}\n', b"x" * 10000):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                with _short(folder) as path:
                    client.connect(path)
                client.sendall(text)
                client.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    assert client.recv(10) == b""
        program.end(4)

    _, done = with_running(act)
    assert done == ("one", 4)


def test_nothing_is_left_when_asked_so_and_when_it_does_not_start() -> None:
    _, done = with_running(lambda program, _: program.end(5), remove=True)
    assert done == ("one", 5) and list(known_runs()) == []

    def fails(_: RunRequest) -> int:
        raise NoProgramError("no such program")

    with pytest.raises(NoProgramError):
        run_named(REQUEST, fails, Named("one", "x.u2k"), None)
    assert list(runs_folder().iterdir()) == []


def test_what_fails_later_is_written_down() -> None:
    def fails(request: RunRequest) -> int:
        assert request.started is not None
        request.started(Started(lambda _: None, lambda: None))
        raise RunError("the machine broke", where="here")

    with pytest.raises(RunError):
        run_named(REQUEST, fails, Named("one", "x.u2k"), None)
    state = state_of("one")
    assert (state.exit_code, state.error) == (125, "here: the machine broke")
