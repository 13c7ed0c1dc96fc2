"""Ports of the host for a process: connections and datagrams, with a core that echoes (process/ports.c)."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.process_executable import executable_of, unikernel_file

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the platform is for x86-64")
MANY = 10_000


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    tcp: int
    udp: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.tcp), 30)


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return executable_of("ports.c", tmp_path_factory.mktemp("process-ports"), "net_start", "network_option")


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("process-ports-file") / "empty.u2k"
    made.write_bytes(unikernel_file(b""))
    return made


@pytest.fixture
def server(executable: Path, file: Path) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", 0))
    fds = (listener.fileno(), datagrams.fileno())
    options = [f"--publish=tcp:80:{fds[0]}", f"--publish=udp:53:{fds[1]}"]
    process = subprocess.Popen(
        [executable, *options, file], pass_fds=fds, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    tcp, udp = listener.getsockname()[1], datagrams.getsockname()[1]
    listener.close()
    datagrams.close()
    try:
        yield Server(process, tcp, udp)
    finally:
        process.kill()
        process.communicate()


def exactly(s: socket.socket, n: int) -> bytes:
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        assert more
        data += more
    return data


def test_megabytes_go_there_and_back(server: Server) -> None:
    data = random.Random(1).randbytes(20_000_000)
    with server.connect() as s:
        s.setblocking(False)
        sent, got = 0, bytearray()
        while len(got) < len(data):
            wanted = [s] if sent < len(data) else []
            readable, writable, _ = select.select([s], wanted, [], 30)
            assert readable or writable
            if readable:
                got += s.recv(1 << 20)
            if writable:
                sent += s.send(data[sent : sent + (1 << 20)])
    assert got == data


def test_names_are_those_of_client_and_program(server: Server) -> None:
    with server.connect() as s:
        s.sendall(b"names\n")
        port = struct.pack(">H", s.getsockname()[1]).hex()
        mapped = "00" * 10 + "ffff" + "7f000001"
        own = "00" * 15 + "01"
        assert exactly(s, 113).decode().split() == [
            f"0a00{port}00000000{mapped}00000000",
            f"0a00005000000000{own}00000000",
        ]


def test_ends_and_resets(server: Server) -> None:
    with server.connect() as s:
        s.sendall(b"x")
        s.shutdown(socket.SHUT_WR)
        assert exactly(s, 1) == b"x"
        assert s.recv(1) == b""
    with server.connect() as s, pytest.raises(ConnectionResetError):
        s.sendall(b"reset\n")
        s.recv(1)
    for _ in range(100):  # ours: the server goes on
        with server.connect() as s:
            s.sendall(b"x" * 100)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with server.connect() as s:
        s.sendall(b"quit\n")
    assert server.process.wait(30) == 0


def test_datagrams_are_answered(server: Server) -> None:
    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for number, s in enumerate(clients):
        s.settimeout(30)
        s.connect(("127.0.0.1", server.udp))
        for size in (1, 1400, 60000):
            s.send(bytes([number]) * size)
            assert s.recv(65536) == bytes([number]) * size
        s.close()


def test_ten_thousand_connections(server: Server) -> None:
    """All held; one of them then costs the server as much as it does alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * MANY:
        pytest.skip(f"only {hard} descriptors may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    try:
        for number in range(MANY):
            held.append(server.connect())
            if number % 1000 == 0:
                held[-1].sendall(b"hello")
                assert exactly(held[-1], 5) == b"hello"
        for s in random.Random(2).sample(held, 100):
            s.sendall(b"again")
            assert exactly(s, 5) == b"again"
    finally:
        for s in held:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_idle_server_is_not_woken(server: Server) -> None:
    with server.connect() as s:
        s.sendall(b"x")
        assert exactly(s, 1) == b"x"
        time.sleep(0.2)
        status = Path(f"/proc/{server.process.pid}/status")
        before = [line for line in status.read_text().splitlines() if "ctxt" in line]
        time.sleep(2)
        assert [line for line in status.read_text().splitlines() if "ctxt" in line] == before


FASTOPEN, TCP_NODELAY, TCP_REPAIR, SO_BINDTODEVICE = 0x20000000, 1, 19, 25
SOCKET = 5000  # a number of a published port's range, whether it is open or not


@pytest.mark.parametrize(
    "call",
    [
        pytest.param((41, 2, 1, 0), id="socket"),
        pytest.param((42, SOCKET, 0, 0), id="connect"),
        pytest.param((44, SOCKET, 0, 0, FASTOPEN), id="connect by sendto"),
        pytest.param((46, SOCKET, 0, FASTOPEN), id="connect by sendmsg"),
        pytest.param((44, 1, 0, 0, 0), id="sendto another descriptor"),
        pytest.param((45, 0, 0, 0, 0), id="recvfrom another descriptor"),
        pytest.param((288, 0, 0, 0, 0), id="accept4 of another descriptor"),
        pytest.param((3, 2), id="close another descriptor"),
        pytest.param((233, SOCKET, 1, 0, 0), id="epoll_ctl of another descriptor"),
        pytest.param((54, SOCKET, 6, TCP_REPAIR, 0, 0), id="TCP_REPAIR"),
        pytest.param((54, SOCKET, 1, SO_BINDTODEVICE, 0, 0), id="SO_BINDTODEVICE"),
        pytest.param((54, 1, 6, TCP_NODELAY, 0, 0), id="setsockopt of another descriptor"),
        pytest.param((49, SOCKET, 0, 0), id="bind"),
        pytest.param((32, 0), id="dup"),
        pytest.param((72, 0, 0, 0), id="fcntl"),
    ],
)
def test_calls_that_the_ports_do_not_need_are_the_end(server: Server, call: tuple[int, ...]) -> None:
    """From the library OS's own text, where a hostile program can jump to."""
    with server.connect() as s:
        s.sendall(b"call" + struct.pack("7Q", *call, *[0] * (7 - len(call))))
        with contextlib.suppress(ConnectionError):
            assert s.recv(8) == b""
    assert server.process.wait(30) == -signal.SIGSYS


def test_calls_that_the_ports_need_pass(server: Server) -> None:
    calls = [(44, SOCKET, 0, 0, 0x4040), (54, SOCKET, 6, TCP_NODELAY, 0, 0), (3, SOCKET), (48, SOCKET, 1)]
    for call in calls:
        with server.connect() as s:
            s.sendall(b"call" + struct.pack("7Q", *call, *[0] * (7 - len(call))))
            assert struct.unpack("q", exactly(s, 8)) == (-9,)  # EBADF


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--publish=sctp:1:3", b"tcp:PORT:FD or udp:PORT:FD"),
        ("--publish=tcp:80", b"tcp:PORT:FD or udp:PORT:FD"),
        ("--publish=tcp:65536:3", b"not a number in range"),
        ("--publish=tcp:80:77", b"not a descriptor of a socket"),
        ("--publish=tcp:80:0", b"not a descriptor of a socket"),
    ],
)
def test_options_that_cannot_be(executable: Path, file: Path, option: str, message: bytes) -> None:
    done = subprocess.run(
        [executable, option, file], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert done.returncode == 125
    assert message in done.stderr
