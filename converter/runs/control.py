"""Speaking to who looks after a run: a Unix socket in its folder, one JSON line a request.

`{"stop": SIGNAL, "seconds": N}` sends the signal and, if the program has not ended N seconds later, ends it;
`{"stop": SIGNAL, "seconds": null}` waits as long as it takes; `{"kill": true}` ends it at once;
`{"wait": true}` asks for nothing. Each is answered, when the run has ended, with `{"exit_code": N}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converter.errors import RunError
from converter.run.request import Started
from converter.runs.state import read_state

CONTROL = "control"
_LONGEST = 4096  # bytes of a request
_KILL = 9
_PAUSE = 0.05  # seconds


@dataclass(slots=True)
class ControlServer:
    """Listens from the start, and keeps what is asked until there is a program that can be asked."""

    folder: Path
    _program: Started | None = None
    _ready: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _exit_code: int = 0
    _threads: list[threading.Thread] = field(default_factory=list)
    _socket: socket.socket | None = None

    def start(self, program: Started) -> None:
        """Serve requests for `program`. Errors: OSError."""
        self._program = program
        self._socket = socket.socket(socket.AF_UNIX)
        with _short(self.folder) as path:
            self._socket.bind(path)
        self._socket.listen()
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def finish(self, exit_code: int) -> None:
        """Answer all that wait."""
        self._exit_code = exit_code
        self._ended.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # nobody else comes; who waits is served
        for thread in self._threads:
            thread.join(1)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            with client.makefile("rb") as lines:
                asked: dict[str, Any] = json.loads(lines.readline(_LONGEST))
            program = self._program
            assert program is not None
            if asked.get("kill"):
                program.kill()
            elif "stop" in asked:
                number, seconds = int(asked["stop"]), asked.get("seconds")
                _give(program, number)
                if not self._ended.wait(None if seconds is None else float(seconds)):
                    program.kill()
            self._ended.wait()
            client.sendall(json.dumps({"exit_code": self._exit_code}).encode() + b"\n")


def _give(program: Started, number: int) -> None:
    if number == _KILL:
        program.kill()
    else:
        program.signal(number)


def asked(folder: Path, request: dict[str, Any]) -> int | None:
    """The status that the run has ended with, after `request`; None when nobody answers: it is over.

    One that is still starting is waited for. Errors: RunError.
    """
    while True:
        status = _answer(folder, request)
        state = read_state(folder) if status is None else None
        if state is None or not state.going:
            return status
        time.sleep(_PAUSE)


def _answer(folder: Path, request: dict[str, Any]) -> int | None:
    """None: nobody listens, or not any more."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            with _short(folder) as path:
                client.connect(path)
            client.sendall(json.dumps(request).encode() + b"\n")
            with client.makefile("rb") as lines:
                answer = lines.readline(_LONGEST)
        return int(json.loads(answer)["exit_code"]) if answer else None
    except (FileNotFoundError, ConnectionError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"it cannot be spoken to: {error}", where=folder.name) from error


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A path of the socket that fits into an address (unix(7): 108 bytes), however long the folder's is."""
    direct = str(folder / CONTROL)
    if len(os.fsencode(direct)) < 100 or not Path("/proc/self/fd").is_dir():
        yield direct
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{CONTROL}"
    finally:
        os.close(opened)
