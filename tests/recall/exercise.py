"""The steps that exercise a program; each is a table with one of these keys, and fails loudly.

    run      argument vector, started in the image below strace like the session's program
             (stdin: text on standard input; status: of the end, -1 for any; expect: regex in the output; env;
             limit: seconds until it is killed, which is no failure; stays: a daemon that a later step ends)
    start    argument vector of something that the exercise needs, not traced, ended with the session; cwd
    tcp      PORT: `send` is sent, `expect` must be in what comes back
    udp      the same with a datagram
    unix     PATH: the same through a socket file of the image
    http     URL: GET, or `method`; `body` text or number of bytes; `headers`; `status` (200); `expect` in the
             body; https certificates are not verified; `through` PATH: a socket file of the image
    signal   NAME, to the session's program, or to the process whose id is in the file `to`
    until    PATH: waits until the image has that file
    gone     PATH: waits until it has it no more
    wait     seconds

With `within`, seconds, a step that fails is done again until that much time is over.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

PATIENCE = 10.0  # seconds for an answer

Step = Mapping[str, Any]
KEYS = ("run", "start", "http", "tcp", "udp", "unix", "signal", "until", "gone", "wait")


class Failed(Exception):
    """A step did not do what it should, so that the run proves less than it claims."""


class Scene(Protocol):
    """The session that a step belongs to."""

    root: Path  # of the image, as seen from here

    def main(self) -> int:
        """The process id of the session's program."""

    def run(self, step: Step) -> None: ...

    def start(self, step: Step) -> None: ...


def perform(step: Step, scene: Scene) -> None:
    """Do one step. Raises Failed."""
    deadline = time.monotonic() + step.get("within", 0)
    while True:
        try:
            _once(step, scene)
            return
        except Failed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _once(step: Step, scene: Scene) -> None:
    kind, root = next((key for key in KEYS if key in step), None), scene.root
    try:
        match kind:
            case "run":
                scene.run(step)
            case "start":
                scene.start(step)
            case "http":
                _http(step, root)
            case "tcp":
                with socket.create_connection(("127.0.0.1", step["tcp"]), PATIENCE) as connection:
                    _talk(connection, step)
            case "udp":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
                    connection.connect(("127.0.0.1", step["udp"]))
                    _talk(connection, step)
            case "unix":
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                    connection.connect(str(_inside(root, step["unix"])))
                    _talk(connection, step)
            case "signal":
                target = int(_inside(root, step["to"]).read_text()) if "to" in step else scene.main()
                os.kill(target, signal.Signals[f"SIG{step['signal']}"])
            case "until" | "gone":
                path = _inside(root, step[kind])
                wait_for(lambda: path.exists() is (kind == "until"), f"{kind} {path}")
            case "wait":
                time.sleep(step["wait"])
            case _:
                raise Failed("it has none of the known keys")
    except (OSError, http.client.HTTPException, Failed) as error:
        raise Failed(f"step {dict(step)}: {error}") from error


def wait_for(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"waited {patience:g} seconds for {what}")
        time.sleep(0.02)


def check(step: Step, output: str) -> None:
    if re.search(step.get("expect", ""), output, re.DOTALL) is None:
        raise Failed(f"{step['expect']!r} is not in {output[-2000:]!r}")


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _talk(connection: socket.socket, step: Step) -> None:
    connection.settimeout(PATIENCE)
    connection.sendall(step.get("send", "").encode("latin-1"))
    wanted, got = step.get("expect", ""), ""
    while re.search(wanted, got, re.DOTALL) is None:
        data = connection.recv(1 << 16)
        got += data.decode("latin-1")
        if not data:
            break
    check(step, got)


class _Unix(http.client.HTTPConnection):
    """HTTP through a socket file, whose path stands for the host."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.host)


def _http(step: Step, root: Path) -> None:
    url = urlsplit(step["http"])
    connection: http.client.HTTPConnection
    if "through" in step:
        connection = _Unix(str(_inside(root, step["through"])))
    elif url.scheme == "https":
        context = ssl._create_unverified_context()  # the certificate is the exercise's own
        connection = http.client.HTTPSConnection(url.netloc, timeout=PATIENCE, context=context)
    else:
        connection = http.client.HTTPConnection(url.netloc, timeout=PATIENCE)
    body = step.get("body")
    data = b"x" * body if isinstance(body, int) else body.encode() if body is not None else None
    path = url.path + (f"?{url.query}" if url.query else "")
    connection.request(
        step.get("method", "GET"), path or "/", data, {"Host": url.netloc} | step.get("headers", {})
    )
    answer = connection.getresponse()
    text = answer.read().decode("latin-1")
    connection.close()
    if answer.status != step.get("status", 200):
        raise Failed(f"status {answer.status}: {text[:500]!r}")
    check(step, text)
