"""Servers under load and on a bad wire, for as long as it takes: docs/nightly.md.

    python -m tests.net.stress transfer|idle|flood|short|benchmark|all [--on process|qemu] [--help]

transfer   1 GiB up and down, digests compared, on a wire with 1 % loss, 10 ms delay, reordering, duplication
idle       10,000 idle connections are held while requests are served
flood      a flood of SYNs from invented addresses; an established client and new ones are served
short      100,000 short connections from four client addresses
benchmark  redis-benchmark, 1,000,000 requests of 200 clients
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from converter.convert import Options, convert
from fixtures.build import build
from fixtures.host_program import pack
from tests.net.frames import IPV4, SYN, TCP_PROTOCOL, Segment, ethernet, ipv4
from tests.net.frames import Options as TcpOptions
from tests.net.link import Namespace, StreamLink, TapLink, namespace
from tests.net.machines import (
    await_port,
    ip_token,
    qemu,
    said,
    started,
    stream_device,
    tap_device,
    unikernel_streams,
)
from tests.net.relay import Impairment, Relay

HERE, THERE = "10.76.0.1", "10.76.0.2"
_CLIENTS = (HERE, "10.76.0.11", "10.76.0.12", "10.76.0.13")
_BAD_WIRE = Impairment(loss=0.01, delay=0.010, reorder=0.01, duplicate=0.01)
_BLOCK = 1 << 20
# Without what the fixture's configuration adds to redis' own: few clients, files that grow, and threads that
# wait for each other in busy loops, which cost a time slice a step where there is one CPU.
_OPEN = (
    "--protected-mode",
    "no",
    "--maxclients",
    "1000",
    "--save",
    "",
    "--appendonly",
    "no",
    "--io-threads",
    "1",
)


@dataclass(frozen=True)
class Stand:
    """A server that runs; `port` answers at THERE for whoever is in `where`."""

    where: Namespace
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def connect(self, source: str = "") -> socket.socket:
        with self.where.entered():
            end = socket.socket()
            end.settimeout(60)
            if source:
                # The port is chosen by the destination: sixty thousand a client and server, not in all.
                end.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT, ip(7)
                end.bind((source, 0))
            end.connect((THERE, self.port))
            return end


@contextlib.contextmanager
def on_tap(file: Path, platform: str, port: int, folder: Path, memory: str = "512M") -> Iterator[Stand]:
    with namespace("u2k-stress") as where:
        where.ip("tuntap", "add", "dev", "t0", "mode", "tap", "vnet_hdr")
        _addresses(where, "t0")
        log = folder / "log"
        token = ip_token(THERE, HERE)
        if platform == "process":
            command = [str(file), "--net=tap:t0", token]
        else:
            command = qemu(file, memory, token, [*unikernel_streams(log), *tap_device("t0")])
        with started(command, log, where) as process:
            await_port(where, process, THERE, port, log)
            yield Stand(where, port, log, process)


@contextlib.contextmanager
def on_bad_wire(
    file: Path, platform: str, port: int, folder: Path, impairment: Impairment
) -> Iterator[tuple[Stand, Relay]]:
    ours, theirs = socket.socketpair()
    with namespace("u2k-stress") as where, ours, theirs:
        tap = where.tap("c0")
        _addresses(where, "c0")
        relay = Relay(TapLink(tap), StreamLink(ours), impairment)
        log = folder / "log"
        token = ip_token(THERE, HERE)
        if platform == "process":
            command = [str(file), f"--net=stream:{theirs.fileno()}", token]
        else:
            more = [*unikernel_streams(log), *stream_device(theirs.fileno())]
            command = qemu(file, "512M", token, more)
        thread = threading.Thread(target=relay.run, daemon=True)
        thread.start()
        try:
            with started(command, log, where, (theirs.fileno(),)) as process:
                await_port(where, process, THERE, port, log)
                yield Stand(where, port, log, process), relay
        finally:
            relay.stop()
            thread.join()
            os.close(tap)


def _addresses(where: Namespace, device: str) -> None:
    for address in _CLIENTS:
        where.ip("addr", "add", f"{address}/24", "dev", device)
    where.ip("link", "set", device, "up")


def unikernel(name: str, platform: str, folder: Path) -> Path:
    """Of tests/net/fileserver.c, or of a fixture."""
    archive, out = folder / f"{name}.oci.tar", folder / f"{name}.u2k"
    if name == "fileserver":
        program, source = folder / name, Path(__file__).with_name("fileserver.c")
        subprocess.run(["gcc", "-O2", "-static", "-o", str(program), str(source)], check=True)
        pack(str(program), archive, name)
    else:
        archive = build(name)
    # Who asks is not on its loopback interface.
    args = ("/etc/redis.conf", *_OPEN) if name == "redis" else ()
    convert(str(archive), out, Options(target="process" if platform == "process" else "vm", args=args))
    return out


# ---- scenarios: each says what it saw, and raises AssertionError when that is wrong ----


def generated(size: int, seed: int) -> Iterator[bytes]:
    """What `GET size seed` gives, by the server's own generator (xorshift64*)."""
    mask = (1 << 64) - 1
    x = seed
    while size > 0:
        words = []
        for _ in range(16384):
            x ^= x >> 12
            x = (x ^ x << 25) & mask
            x ^= x >> 27
            words.append(x * 0x2545F4914F6CDD1D & mask)
        block = struct.pack("<16384Q", *words)[:size]
        size -= len(block)
        yield block


def transfer(options: argparse.Namespace, folder: Path) -> str:
    file = unikernel("fileserver", options.on, folder)
    size = options.size << 20
    lines = []
    with on_bad_wire(file, options.on, 8000, folder, _BAD_WIRE) as (stand, relay):
        if options.direction in ("both", "up"):
            lines.append(_up(stand, size))
        if options.direction in ("both", "down"):
            lines.append(_down(stand, size))
        down, up = relay.counts
        lines.append(f"frames to the client: {down}, to the server: {up}")
        assert down.lost + up.lost > 0, "the wire lost nothing: this was no test"
    return "\n".join(lines)


def _up(stand: Stand, size: int) -> str:
    begun = time.monotonic()
    digest = hashlib.sha256()
    block = random.Random(3).randbytes(_BLOCK)
    with stand.connect() as end:
        end.sendall(b"PUT %d\n" % size)
        for _ in range(size // _BLOCK):
            end.sendall(block)
            digest.update(block)
        end.settimeout(600)
        got = end.makefile("rb").readline().decode().strip()
    assert got == digest.hexdigest(), (got, digest.hexdigest(), said(stand.log))
    seconds = time.monotonic() - begun
    return f"up: {size >> 20} MiB in {seconds:.0f} s, {size / seconds / 1e6:.2f} MB/s, sha256 equal"


def _down(stand: Stand, size: int) -> str:
    begun = time.monotonic()
    got, left = hashlib.sha256(), size
    with stand.connect() as end:
        end.sendall(b"GET %d 7\n" % size)
        while left:
            part = end.recv(_BLOCK)
            assert part, f"cut short with {left} bytes left: {said(stand.log)}"
            got.update(part)
            left -= len(part)
    seconds = time.monotonic() - begun
    wanted = hashlib.sha256()
    for block in generated(size, 7):
        wanted.update(block)
    assert got.hexdigest() == wanted.hexdigest()
    return f"down: {size >> 20} MiB in {seconds:.0f} s, {size / seconds / 1e6:.2f} MB/s, sha256 equal"


def idle(options: argparse.Namespace, folder: Path) -> str:
    _many_files()
    count = options.connections
    file = unikernel("fileserver", options.on, folder)
    with on_tap(file, options.on, 8000, folder) as stand, contextlib.ExitStack() as held:
        begun = time.monotonic()
        idlers = [held.enter_context(stand.connect(_CLIENTS[n % 4])) for n in range(count)]
        opened = time.monotonic() - begun
        served = 0
        until = time.monotonic() + 10
        while time.monotonic() < until:
            assert _asked(stand.connect()), said(stand.log)
            served += 1
        # They are connections still: each answers.
        for end in random.Random(5).sample(idlers, min(500, count)):
            assert _asked(end, close=False), said(stand.log)
    return f"{count} idle connections in {opened:.1f} s; {served} requests beside them; 500 of them answered"


def _asked(end: socket.socket, close: bool = True) -> bool:
    end.sendall(b"SEND 100\n")
    got = 0
    while got < 100:
        part = end.recv(200)
        if not part:
            return False
        got += len(part)
    if close:
        end.close()
    return got == 100


def flood(options: argparse.Namespace, folder: Path) -> str:
    file = unikernel("fileserver", options.on, folder)
    with on_tap(file, options.on, 8000, folder) as stand, stand.connect() as established:
        assert _asked(established, close=False)
        stop = threading.Event()
        sent = [0]
        thread = threading.Thread(target=_flood, args=(stand, stop, sent, options.rate), daemon=True)
        thread.start()
        answered, slowest, fresh = 0, 0.0, 0
        until = time.monotonic() + options.seconds
        while time.monotonic() < until:
            begun = time.monotonic()
            assert _asked(established, close=False), said(stand.log)
            slowest = max(slowest, time.monotonic() - begun)
            answered += 1
            if answered % 50 == 0:
                assert _asked(stand.connect()), said(stand.log)
                fresh += 1
        stop.set()
        thread.join()
        assert _asked(stand.connect()), "after the flood"
        assert sent[0] > 1000, "that was no flood"
    return (
        f"{sent[0]} SYNs in {options.seconds} s; {answered} requests of the established client (slowest "
        f"{slowest * 1000:.0f} ms) and {fresh} new clients were served"
    )


def _flood(stand: Stand, stop: threading.Event, sent: list[int], rate: int) -> None:
    """SYNs of addresses that nobody has, put on the tap from below the client's own stack."""
    chance = random.Random(9)
    with stand.where.entered():
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        end.bind(("t0", 0))
    here = Path("/sys/class/net/t0/address")
    there_mac = stand.where.run("ip", "neigh", "show", THERE).split("lladdr ")[1].split()[0]
    here_mac = stand.where.run("cat", str(here)).strip()
    destination = socket.inet_aton(THERE)
    macs = [bytes.fromhex(text.replace(":", "")) for text in (here_mac, there_mac)]
    begun = time.monotonic()
    while not stop.is_set():
        source = bytes([10, 77, chance.randrange(256), chance.randrange(1, 255)])
        syn = Segment(
            chance.randrange(1024, 65536),
            8000,
            chance.randrange(1 << 32),
            0,
            SYN,
            options=TcpOptions(mss=1460),
        )
        packet = ipv4(source, destination, TCP_PROTOCOL, syn.encode(source, destination))
        with contextlib.suppress(BlockingIOError, OSError):
            end.send(ethernet(macs[0], macs[1], IPV4, packet))
            sent[0] += 1
        ahead = sent[0] / rate - (time.monotonic() - begun)
        if ahead > 0.01:
            time.sleep(ahead)
    end.close()


def short(options: argparse.Namespace, folder: Path) -> str:
    file = unikernel("fileserver", options.on, folder)
    with on_tap(file, options.on, 8000, folder) as stand:
        begun = time.monotonic()
        with stand.where.entered():
            for n in range(options.connections * 10):
                with socket.socket() as end:
                    end.settimeout(60)
                    end.setsockopt(socket.IPPROTO_IP, 24, 1)
                    end.bind((_CLIENTS[n % 4], 0))
                    end.connect((THERE, 8000))
                    assert _asked(end, close=False), f"connection {n}: {said(stand.log)}"
        seconds = time.monotonic() - begun
    count = options.connections * 10
    return f"{count} short connections from four addresses in {seconds:.0f} s, {count / seconds:.0f}/s"


def benchmark(options: argparse.Namespace, folder: Path) -> str:
    file = unikernel("redis", options.on, folder)
    with on_tap(file, options.on, 6379, folder) as stand:
        command = [
            "redis-benchmark",
            "-h",
            THERE,
            "-c",
            "200",
            "-n",
            str(options.requests),
            "-t",
            "get,set",
            "--csv",
        ]
        out = stand.where.run(*command)
        rows = [row for row in out.splitlines() if "error" in row.lower()]
        assert not rows, out
        assert out.count("\n") >= 3, out
    return out.strip()


def _many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


SCENARIOS: dict[str, Callable[[argparse.Namespace, Path], str]] = {
    "transfer": transfer,
    "idle": idle,
    "flood": flood,
    "short": short,
    "benchmark": benchmark,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenario", choices=[*SCENARIOS, "all"])
    parser.add_argument("--on", choices=["process", "qemu"], default="process")
    parser.add_argument("--size", type=int, default=1024, metavar="MIB")
    parser.add_argument("--direction", choices=["both", "up", "down"], default="both")
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=20_000, help="SYNs a second of the flood")
    options = parser.parse_args()
    names = list(SCENARIOS) if options.scenario == "all" else [options.scenario]
    failed = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="u2k-stress-") as folder:
            Path(folder).chmod(0o755)
            try:
                print(f"{name}, {options.on}: {SCENARIOS[name](options, Path(folder))}", flush=True)
            except (AssertionError, OSError, RuntimeError, subprocess.CalledProcessError) as error:
                print(f"{name}, {options.on}: FAILED: {error!r}", flush=True)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
