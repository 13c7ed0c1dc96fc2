"""Starting and asking: with processes and servers of the test's own in place of stops."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from converter.analyze.ports import Port
from converter.errors import RunError, UsageError
from converter.image.progress import Silent
from converter.link.manifest import Manifest
from converter.options import Options
from converter.report.continuum.commands import commands
from converter.report.continuum.model import Measured
from converter.report.continuum.running.memory import children, pss, same_namespace
from converter.report.continuum.running.question import Question, question_for
from converter.report.continuum.running.rounds import rounds
from converter.report.continuum.running.sample import Running, sample
from converter.runs.health.recognise import Check
from converter.trace.request import parse_probe

ANYTHING = Question(Check("exchange", 7, send=b"hello", expect="."), "hello")
JOB = Question(None, "nothing")


@dataclass
class Server:
    """Answers `delay` seconds after its start; before, it accepts and says nothing."""

    delay: float = 0.0
    ended: tuple[float, int] | None = None
    starts: int = 0
    network: Path | None = None
    seen: list[bytes] = field(default_factory=list)

    @contextlib.contextmanager
    def started(self, question: Question) -> Iterator[Running]:
        self.starts += 1
        begun = time.monotonic()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=self._serve, args=(listening, begun), daemon=True)
            thread.start()
            port = int(listening.getsockname()[1])
            yield Running(
                begun, port, self.network, lambda: [os.getpid()], lambda: self.ended, lambda: "a word"
            )
            listening.shutdown(socket.SHUT_RDWR)
        thread.join()

    def _serve(self, listening: socket.socket, begun: float) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = listening.accept()[0]
                with client:
                    self.seen.append(client.recv(100))
                    if time.monotonic() >= begun + self.delay:
                        client.sendall(b"yes")


def test_the_time_to_the_first_answer() -> None:
    server = Server(delay=0.3)
    found = sample(server, ANYTHING, 20)
    assert found.seconds >= 0.3
    assert found.memory is not None
    assert found.memory > 1 << 20
    assert set(server.seen) == {b"hello"}
    assert len(server.seen) > 1, "it was asked until it answered"


def test_what_ends_before_it_answers() -> None:
    with pytest.raises(RunError, match="ended with status 3 before it answered; its last words:\na word"):
        sample(Server(delay=1e6, ended=(0.0, 3)), ANYTHING, 20)


def test_what_never_answers() -> None:
    with pytest.raises(RunError, match="did not answer in time") as caught:
        sample(Server(delay=1e6), ANYTHING, 0.3)
    assert caught.value.hint is not None
    assert "--probe" in caught.value.hint


def test_a_job_is_measured_to_its_end() -> None:
    server = Server(ended=(time.monotonic() + 1000, 0))
    found = sample(server, JOB, 20)
    assert 900 < found.seconds <= 1000
    assert found.memory is None


def test_a_job_that_fails_or_goes_on() -> None:
    with pytest.raises(RunError, match="ended with status 2"):
        sample(Server(ended=(0.0, 2)), JOB, 20)
    with pytest.raises(RunError, match="neither has a TCP port"):
        sample(Server(), JOB, 0.05)


@pytest.mark.skipif(os.geteuid() != 0, reason="joining a network namespace needs root")
def test_a_network_of_its_own_is_asked_from_inside() -> None:
    """The namespace has no server: what answers in the host's is not reached."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    try:
        network = Path(f"/proc/{holder.pid}/ns/net")
        while network.readlink() == Path("/proc/self/ns/net").readlink():
            time.sleep(0.01)
        server = Server(network=network)
        with pytest.raises(RunError, match="did not answer"):
            sample(server, ANYTHING, 0.3)
        assert server.seen == []
        assert sample(Server(), ANYTHING, 20).seconds > 0, "and we are where we were"
    finally:
        holder.kill()
        holder.wait()


def test_stops_take_turns_and_a_failed_one_is_left_alone() -> None:
    good, bad = Server(), Server(delay=1e6, ended=(0.0, 1))
    found = rounds({"good": good, "bad": bad}, ANYTHING, 3, 20, Silent())
    assert (good.starts, bad.starts) == (3, 1)
    assert isinstance(found["good"], Measured)
    assert len(found["good"].seconds) == len(found["good"].memory) == 3
    assert "ended with status 1" in str(found["bad"])


def test_memory_of_processes() -> None:
    script = "import time; block = bytearray(32 << 20); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in children(os.getpid())
        assert child.pid in same_namespace(os.getpid())
        size = pss([child.pid])
        assert size is not None
        assert 32 << 20 < size < 128 << 20
    finally:
        child.kill()
        child.communicate()
    assert pss([child.pid]) is None, "it has ended"


def manifest(**fields: object) -> Manifest:
    plain = dict.fromkeys(("argv", "env", "ports", "volumes", "syscalls", "parts"), ())
    plain |= {"schema": 1, "tool_version": "0", "source_digest": "", "target": "vm", "os": "linux"}
    plain |= {"architecture": "amd64", "path": "/p", "entrypoint_args": 1, "cwd": "/", "user": (0, 0)}
    plain |= {"stop_signal": "15", "kernel_bytes": 0, "root_bytes": 0, "profile_digest": "", "options": {}}
    return Manifest(**(plain | fields))  # type: ignore[arg-type]


def asked(port: int | None = None, probe: str | None = None, **fields: object) -> Question:
    ports = [Port(53, "udp"), *([Port(port)] if port else [])]
    return question_for(ports, manifest(**fields), None if probe is None else parse_probe(probe))


def test_what_is_asked() -> None:
    redis = asked(6379).check
    assert redis is not None
    assert redis.send == b"PING\r\n"
    web = asked(80).check
    assert web is not None
    assert web.send.startswith(b"GET / HTTP/1.0\r\n")
    assert asked(None).check is None


def test_a_healthcheck_comes_before_the_port() -> None:
    curl = {"test": ["CMD", "curl", "-f", "http://localhost:8080/ready"]}
    found = asked(80, healthcheck=curl).check
    assert found is not None
    assert (found.kind, found.port, found.url) == ("http", 8080, "http://localhost:8080/ready")
    connects = {"test": ["CMD", "nc", "-z", "localhost", "90"]}
    found = asked(80, healthcheck=connects).check
    assert found is not None
    assert (found.kind, found.port) == ("exchange", 90), "QEMU accepts before its guest does"


def test_the_probe_comes_before_all() -> None:
    found = asked(80, "tcp://:7000 a\\x00b").check
    assert found is not None
    assert (found.port, found.send) == (7000, b"a\0b\r\n")
    found = asked(80, "http://:81/x?y").check
    assert found is not None
    assert (found.kind, found.port, found.url) == ("http", 81, "http://localhost:81/x?y")
    with pytest.raises(UsageError, match="TCP"):
        asked(80, "udp://:53 x")


def test_commands_that_make_it_again() -> None:
    options = Options(target="process", root="auto", args=("a b",), env=("A=1",), keep=("/x/**",))
    made = dict(commands("app:1", options, parse_probe("tcp://:7 x"), asked(None, "tcp://:7 x")))
    own = "-e A=1 --args ''\"'\"'a b'\"'\"'' --keep '/x/**' app:1"
    assert made["the unikernel"] == f"u2k convert -o app.u2k {own}"
    assert made["this page"] == f"u2k continuum -o continuum.html --probe 'tcp://127.0.0.1:7 x' {own}"
    assert made["on a machine"] == "u2k run --on qemu -p 7:7 app.u2k"
