"""Connections as a server sees them: natively, on a published port of the host, and behind a tap."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import oci
from tests.e2e.subject import needs_gcc
from tests.net.link import Namespace, can_make_networks, namespace
from tests.net.test_servers import PLATFORMS, started

pytestmark = needs_gcc
PORT = 8080
FILE = b"head" + b"".join(bytes([97 + block % 26]) * 1000 for block in range(300))


@pytest.fixture(scope="session")
def program(shared_folder: Path) -> Path:
    """tests/net/connections.c."""
    folder = shared_folder / "connections"
    folder.mkdir(exist_ok=True)
    made = folder / "connections"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            source = Path(__file__).with_name("connections.c")
            subprocess.run(
                ["gcc", "-O1", "-D_GNU_SOURCE", "-static", "-o", str(made), str(source)], check=True
            )
    return made


@pytest.fixture(scope="session")
def file(program: Path, unikernel: Callable[[Path], Path]) -> Path:
    """Its unikernel."""
    files = [oci.directory("tmp", mode=0o1777), oci.file("server", program.read_bytes(), mode=0o755)]
    layout = oci.simple_layout([oci.layer(*files)], run={"Cmd": ["/server"]})
    return unikernel(oci.write_tar(program.with_suffix(".oci.tar"), layout))


@contextlib.contextmanager
def connected(host: str, first: bytes) -> Iterator[socket.socket]:
    with socket.create_connection((host, PORT), 30) as s:
        s.sendall(first)
        yield s


def rest(s: socket.socket) -> bytes:
    data = b""
    while more := s.recv(1 << 16):
        data += more
    return data


def reset(s: socket.socket) -> None:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def ask(host: str) -> Iterator[bytes]:
    """One connection for each of the server's ways; what comes back."""
    with connected(host, b"p12345678") as s:
        yield s.recv(100)
        s.sendall(b"12345")
        time.sleep(0.05)
        s.sendall(b"67890")
        yield rest(s)
    with connected(host, b"habc") as s:
        s.shutdown(socket.SHUT_WR)
        yield rest(s)
    with connected(host, b"r") as s:
        time.sleep(0.1)
        reset(s)
    with connected(host, b"uabc") as s:
        time.sleep(0.03)
        reset(s)
    with connected(host, b"o") as s:
        yield rest(s)
    with connected(host, b"e") as s:
        for number in b"12":
            yield s.recv(100)
            s.sendall(bytes([number]))
        yield rest(s)
    with connected(host, b"vabcdefghij") as s:
        yield rest(s)
    with connected(host, b"f") as s:
        got = rest(s)
        yield b"the file" if got == FILE else b"%d bytes" % len(got)
    with connected(host, b"q"):
        pass


def awaited(log: Path) -> None:
    until = time.monotonic() + 60
    while b"ready\n" not in log.read_bytes():
        assert time.monotonic() < until, log.read_text(errors="replace")
        time.sleep(0.05)


def looked_at(host: str, log: Path, process: subprocess.Popen[bytes]) -> tuple[list[bytes], list[str]]:
    awaited(log)
    answers = list(ask(host))
    assert process.wait(30) == 0
    return answers, [line for line in log.read_text().splitlines() if not line.startswith("u2k: ")]


@pytest.fixture(scope="session")
def truth(program: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], list[str]]:
    """Natively, in a namespace whose ports are ours."""
    if reason := can_make_networks():
        pytest.skip(reason)
    log = tmp_path_factory.mktemp("connections") / "log"
    with namespace("u2k-native") as where, log.open("wb") as out:
        process = subprocess.Popen(where.command(str(program)), stdout=out, stderr=out)
        try:
            with where.entered():
                return looked_at("127.0.0.1", log, process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def over_a_tap(where: Namespace) -> tuple[str, list[str]]:
    where.ip("tuntap", "add", "dev", "t0", "mode", "tap", "vnet_hdr")
    where.ip("addr", "add", "10.76.0.1/24", "dev", "t0")
    where.ip("link", "set", "t0", "up")
    return "10.76.0.2", ["--network", "tap:t0", "--ip", "10.76.0.2/24,gateway=10.76.0.1"]


def published(where: Namespace) -> tuple[str, list[str]]:
    assert where.name
    return "127.0.0.1", ["-p", f"127.0.0.1:{PORT}:{PORT}"]


@pytest.mark.parametrize("way", [published, over_a_tap])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_connections_are_as_native_ones(
    truth: tuple[list[bytes], list[str]],
    file: Path,
    way: Callable[[Namespace], tuple[str, list[str]]],
    platform: str,
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    with namespace("u2k-connections") as where:
        host, options = way(where)
        with started(log, where, "--on", platform, *options, str(file)) as process, where.entered():
            answers, lines = looked_at(host, log, process)
    assert lines == truth[1]
    assert answers == truth[0]
