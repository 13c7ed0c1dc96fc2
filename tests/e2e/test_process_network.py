"""Network devices of the process platform, with a core that sends each frame back (process/network.c)."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.process_executable import executable_of, unikernel_file
from tests.net.link import Namespace, open_tap

MAC = bytes.fromhex("02aabbccddee")
PEER = bytes.fromhex("020000000001")
KIND = struct.pack(">H", 0x88B5)  # IEEE 802: for experiments
VNET_HEADER = struct.Struct("<BBHHHH")
SOL_PACKET, PACKET_VNET_HDR = 263, 15

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the platform is for x86-64")


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return executable_of("network.c", tmp_path_factory.mktemp("process-network"), "net_start")


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("process-network-file") / "empty.u2k"
    made.write_bytes(unikernel_file(b""))
    return made


def frame(payload: bytes, kind: bytes = KIND) -> bytes:
    return MAC + PEER + kind + payload


@contextlib.contextmanager
def running(command: list[str], *fds: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, pass_fds=fds, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def switches(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)


class Stream:
    """The other end of --net=stream."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.received = b""
        end.settimeout(30)

    def send(self, data: bytes) -> None:
        self.end.sendall(struct.pack(">I", len(data)) + data)

    def receive(self) -> bytes:
        (length,) = struct.unpack(">I", self._exactly(4))
        return self._exactly(length)

    def _exactly(self, n: int) -> bytes:
        while len(self.received) < n:
            more = self.end.recv(1 << 20)
            assert more, "the unikernel has closed its end"
            self.received += more
        data, self.received = self.received[:n], self.received[n:]
        return data


@pytest.fixture
def stream(executable: Path, file: Path) -> Iterator[tuple[Stream, subprocess.Popen[bytes]]]:
    ours, theirs = socket.socketpair()
    option = f"--net=stream:{theirs.fileno()},mac={MAC.hex(':')}"
    with ours, running([str(executable), option, str(file)], theirs.fileno()) as process:
        theirs.close()
        yield Stream(ours), process


def test_stream_frames_of_all_sizes_come_back(stream: tuple[Stream, subprocess.Popen[bytes]]) -> None:
    wire, process = stream
    chance = random.Random(4)
    for size in (1, 46, 1500, 9000, 65000, 65520, *(chance.randrange(1, 2000) for _ in range(200))):
        payload = b"." + chance.randbytes(size)
        wire.send(frame(payload))
        assert wire.receive() == PEER + MAC + KIND + payload
    wire.send(frame(b"Q"))
    assert process.wait(30) == 0


def test_stream_in_small_pieces_and_with_a_slow_reader(
    stream: tuple[Stream, subprocess.Popen[bytes]],
) -> None:
    """Lengths and frames are cut anywhere; what the reader has no room for waits, up to a bound."""
    wire, _ = stream
    chance = random.Random(5)
    payloads = [b"." + chance.randbytes(chance.randrange(1, 9000)) for _ in range(200)]
    data = b"".join(struct.pack(">I", 14 + len(each)) + frame(each) for each in payloads)
    while data:
        n = chance.randrange(1, 20000)
        wire.end.sendall(data[:n])
        data = data[n:]
    for payload in payloads:
        assert wire.receive() == PEER + MAC + KIND + payload


@pytest.mark.parametrize("length", [0, 65535 + 19, 0xFFFFFFFF])
def test_stream_of_nonsense_ends_the_device(
    stream: tuple[Stream, subprocess.Popen[bytes]], length: int
) -> None:
    wire, process = stream
    wire.end.sendall(struct.pack(">I", length) + bytes(70000))
    assert process.wait(30) == 3  # net_changed() of the test's core
    assert process.stderr is not None and b"the device is gone" in process.stderr.read()


def test_idle_device_costs_nothing(stream: tuple[Stream, subprocess.Popen[bytes]]) -> None:
    wire, process = stream
    wire.send(frame(b"."))
    wire.receive()
    time.sleep(0.2)
    before = switches(process), cpu_seconds(process)
    time.sleep(2)
    assert (switches(process), cpu_seconds(process)) == before


def test_program_that_computes_is_interrupted(stream: tuple[Stream, subprocess.Popen[bytes]]) -> None:
    wire, process = stream
    wire.send(frame(b"C"))
    wire.receive()
    for _ in range(20):
        wire.send(frame(b"."))
        assert wire.receive() == PEER + MAC + KIND + b"."
    wire.send(frame(b"Q"))
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--net=veth:a", b"tap:NAME, tapfd:FD or stream:FD"),
        ("--net=tap:", b"has a name"),
        ("--net=tap:abcdefghijklmnopq", b"too long"),
        ("--net=stream:x", b"not a number"),
        ("--net=stream:77", b"no such descriptor"),
        ("--net=tapfd:0", b"not a tap"),
        ("--net=tap:a,mac=02:00:00:00:00", b"six pairs"),
        ("--net=tap:a,mac=03:00:00:00:00:00", b"not a group's"),
        ("--net=tap:a,mtu=3", b"mac="),
    ],
)
def test_options_that_cannot_be(executable: Path, file: Path, option: str, message: bytes) -> None:
    done = subprocess.run(
        [executable, option, file], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert done.returncode == 125
    assert message in done.stderr


# ---- taps: in a network namespace of our own ----


def shell(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def tap() -> Iterator[tuple[str, str]]:
    """Name of a namespace, and of a tap in it that is up."""
    if os.geteuid() != 0 or shutil.which("ip") is None or not Path("/dev/net/tun").exists():
        pytest.skip("network namespaces and taps need root, ip(8) and /dev/net/tun")
    space, name = f"procnet-{os.getpid()}", "u2ktap0"
    shell("ip", "netns", "add", space)
    try:
        inside = ("ip", "netns", "exec", space)
        shell(*inside, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        shell(*inside, "ip", "tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")
        shell(*inside, "ip", "link", "set", name, "up", "mtu", "9000")
        yield space, name
    finally:
        shell("ip", "netns", "del", space)


@contextlib.contextmanager
def packet_socket(space: str, name: str, *, headers: bool = False) -> Iterator[socket.socket]:
    """A packet socket of the tap in the namespace `space`."""
    kind = 0x0800 if headers else 0x88B5
    with Namespace(space).entered():
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
        if headers:
            opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        opened.bind((name, kind))
    with opened:
        opened.settimeout(30)
        yield opened


def test_tap_frames_of_all_sizes_come_back(executable: Path, file: Path, tap: tuple[str, str]) -> None:
    space, name = tap
    chance = random.Random(6)
    command = [
        "ip",
        "netns",
        "exec",
        space,
        str(executable),
        f"--net=tap:{name},mac={MAC.hex(':')}",
        str(file),
    ]
    with running(command) as process, packet_socket(space, name) as wire:
        time.sleep(0.3)
        for size in (46, 1500, 1900, 9000, *(chance.randrange(46, 9000) for _ in range(200))):
            payload = b"." + chance.randbytes(size - 1)
            wire.send(frame(payload))
            assert wire.recv(70000) == PEER + MAC + KIND + payload
        for number in range(100):  # several at once
            wire.send(frame(b"." + bytes([number]) * 100))
        for number in range(100):
            assert wire.recv(70000) == PEER + MAC + KIND + b"." + bytes([number]) * 100
        wire.send(frame(b"Q" + bytes(60)))
        assert process.wait(30) == 0


@pytest.mark.parametrize("headers", [True, False])
def test_open_tap_with_and_without_headers(
    executable: Path, file: Path, tap: tuple[str, str], headers: bool
) -> None:
    """Of another namespace, as a supervisor has it; one that the host gives no struct virtio_net_hdr for."""
    space, _ = tap
    with Namespace(space).entered():
        end = open_tap("u2ktap1", offloads=headers)
    try:
        shell("ip", "-n", space, "link", "set", "u2ktap1", "up")
        option = f"--net=tapfd:{end},mac={MAC.hex(':')}"
        command = [str(executable), option, str(file)]
        with running(command, end) as process, packet_socket(space, "u2ktap1") as wire:
            time.sleep(0.3)
            for size in (46, 1000, 1500):
                wire.send(frame(b"." + bytes(size - 1)))
                assert wire.recv(70000) == PEER + MAC + KIND + b"." + bytes(size - 1)
            wire.send(frame(b"Q" + bytes(60)))
            assert process.wait(30) == 0
    finally:
        os.close(end)


def test_tap_takes_and_gives_segments_merged(executable: Path, file: Path, tap: tuple[str, str]) -> None:
    """A 60 KiB TCP packet goes through in one piece, its checksum left to whoever sends it on a real wire."""
    space, name = tap
    command = [
        "ip",
        "netns",
        "exec",
        space,
        str(executable),
        f"--net=tap:{name},mac={MAC.hex(':')}",
        str(file),
    ]
    payload = random.Random(7).randbytes(60000)
    ip = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0, b"\n\0\0\1", b"\n\0\0\2"
    )
    tcp = struct.pack(">HHIIBBHHH", 1, 2, 3, 4, 0x50, 0x10, 1000, 0xABCD, 0)
    packet = frame(ip + tcp + payload, b"\x08\0")
    with running(command), packet_socket(space, name, headers=True) as wire:
        time.sleep(0.3)
        wire.send(VNET_HEADER.pack(1, 1, 54, 1460, 34, 16) + packet)
        while True:
            got = wire.recv(70000)
            if got[10:16] == PEER:
                break
        flags, kind, length, segment, start, offset = VNET_HEADER.unpack(got[:10])
        assert (flags & 1, kind, length, segment, start, offset) == (1, 1, 54, 1460, 34, 16)
        assert got[10:] == PEER + MAC + packet[12:]
