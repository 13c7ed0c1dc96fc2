"""The stacks that scripts run against: the host's Linux as the truth, and unikernels of the same program."""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from converter.convert import Options, convert
from fixtures.host_program import pack
from tests.net.link import Namespace, StreamLink, TapLink
from tests.net.peer import Peer

HERE, THERE = "10.77.0.1", "10.77.0.2"
_IP = f"ip={THERE}::{HERE}:255.255.255.0::eth0:off"
_SOURCE = Path(__file__).with_name("subject.c")


@dataclass
class Subject:
    """The program at the other end: commands in, answers out (subject.c)."""

    name: str  # of its stack
    process: subprocess.Popen[bytes]
    peer: Peer

    def begin(self, command: str) -> None:
        """Give a command that may block; answer() has what it says."""
        stdin = self.process.stdin
        assert stdin is not None
        self.peer.transcript.append(f"         # {command}")
        stdin.write(f"{command}\n".encode())
        stdin.flush()

    def answer(self, seconds: float = 10.0) -> list[str]:
        """The words of the next answer."""
        line = _line(self.process.stdout, seconds)
        self.peer.transcript.append(f"         # -> {line.strip()}")
        assert line.endswith("\n"), f"{self.name}: no answer, {line!r}\n{self.peer.story()}"
        return line.split()

    def do(self, command: str) -> int:
        """A command that succeeds: its number."""
        self.begin(command)
        words = self.answer()
        assert words[0] == "ok", f"{command}: {words}\n{self.peer.story()}"
        return int(words[1])


def _line(stream: IO[bytes] | None, seconds: float) -> str:
    assert stream is not None
    end = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        left = end - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            break
        byte = stream.read(1)
        if not byte:
            break
        line += byte
    return line.decode()


def build_subject(folder: Path) -> Path:
    program = folder / "subject"
    subprocess.run(["gcc", "-O1", "-static", "-o", str(program), str(_SOURCE)], check=True)
    return program


def build_unikernel(folder: Path, program: Path) -> Path:
    """Its executable of the process platform."""
    archive, executable = folder / "subject.oci.tar", folder / "subject.process"
    pack(str(program), archive, "subject")
    convert(str(archive), executable, Options(target="process"))
    return executable


@contextlib.contextmanager
def _started(command: list[str], pass_fds: tuple[int, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, pass_fds=pass_fds
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def linux(program: Path, where: Namespace) -> Iterator[Subject]:
    """The host's own stack at the near end of a tap, with the path's properties that unikernels have."""
    descriptor = where.tap("wire0")
    where.ip("addr", "add", f"{THERE}/24", "dev", "wire0")
    where.ip("link", "set", "wire0", "up")
    # Metrics of earlier connections would change how later ones begin.
    where.run("sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1", "net.ipv6.conf.all.disable_ipv6=1")
    peer = Peer(TapLink(descriptor), HERE, THERE)
    with _started(where.command(str(program))) as process:
        peer.resolve()
        yield Subject("linux", process, peer)


@contextlib.contextmanager
def unikernel(executable: Path) -> Iterator[Subject]:
    """The library OS as a process, with the script at the end of its stream socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [str(executable), f"--net=stream:{theirs.fileno()}", _IP]
        peer = Peer(StreamLink(ours), HERE, THERE)
        with _started(command, (theirs.fileno(),)) as process:
            peer.resolve()
            yield Subject("process", process, peer)
