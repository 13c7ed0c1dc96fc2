"""A server on ports of the host: -p, -P, every kind of --network, and its health from outside."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import oci
from tests.e2e.conftest import Command, Guest
from tests.e2e.subject import PATIENCE, PLATFORMS, needs_gcc
from tests.e2e.test_named_runs import listed, own_runs, said

pytestmark = needs_gcc
__all__ = ["own_runs"]
Platform = tuple[str, ...]
SECOND = 1_000_000_000
CHECK = {
    "Test": ["CMD-SHELL", "curl -fs http://localhost:8080/health || exit 1"],
    "Interval": SECOND // 5, "Timeout": SECOND, "Retries": 2,
}  # fmt: skip
needs_passt = pytest.mark.skipif(
    shutil.which("passt") is None, reason="passt is not here (apt-get install passt)"
)


def packed(program: Path, archive: Path, **run: object) -> None:
    layer = oci.layer(oci.file(program.name, program.read_bytes(), mode=0o755))
    oci.write_tar(archive, oci.simple_layout([layer], run={"Cmd": [f"/{program.name}"], **run}))


@pytest.fixture(scope="session")
def server(guest: Guest) -> Path:
    """The unikernel of tests/guest/run/server.c."""
    ports: dict[str, object] = {"8080/tcp": {}, "5353/udp": {}}
    return guest("server", functools.partial(packed, ExposedPorts=ports, Healthcheck=CHECK))


@pytest.fixture(scope="session")
def datagrams(guest: Guest) -> Path:
    """The unikernel of tests/guest/run/datagrams.c."""
    return guest("datagrams", packed)


def fetched(address: str, path: str = "/", deadline: float = PATIENCE) -> bytes:
    """By HTTP, once somebody is there."""
    until = time.monotonic() + deadline
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def echoed(address: str) -> bytes:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        for _ in range(int(PATIENCE)):
            client.sendto(b"a datagram", (host, int(port)))
            try:
                return client.recv(100)
            except OSError:  # not yet, or lost, which datagrams may be
                continue
    raise AssertionError(f"nobody answers at {address}")


def published(name: str) -> dict[str, str]:
    """guest port -> host address."""
    ports = (each.split("->") for each in listed()[name]["published"])
    return {guest: host.replace("0.0.0.0", "127.0.0.1") for host, guest in ports}


def health(name: str, wanted: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while (found := listed()[name]["health"])["status"] != wanted:
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return dict(found)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_ports_and_health(u2k: Command, server: Path, platform: Platform) -> None:
    options = ["-p", "127.0.0.1::8080", "-p", "127.0.0.1::8080", "-p", "127.0.0.1::5353/udp"]
    begun = u2k("run", *platform, "-d", "--name", "web", *options, server)
    assert begun.returncode == 0, begun.stderr
    ports = published("web")
    assert fetched(ports["8080/tcp"]) == b"hello\n"
    assert echoed(ports["5353/udp"]) == b"a datagram"
    health("web", "healthy")
    assert b"(healthy)" in u2k("ps").stdout
    fetched(ports["8080/tcp"], "/ill")
    assert health("web", "unhealthy")["why"] == "HTTP status 500"
    fetched(ports["8080/tcp"], "/well")
    health("web", "healthy")
    assert u2k("stop", "web").returncode == 0
    assert u2k("wait", "web").stdout == b"0\n"
    assert u2k("logs", "web").stdout == b"ready\nbye\n"


def free_ports(family: socket.AddressFamily, count: int) -> list[int]:
    """For datagrams and connections, held all at once and given back."""
    with contextlib.ExitStack() as stack:
        ports = []
        while len(ports) < count:
            one = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            other = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            one.bind(("localhost" if family == socket.AF_INET else "::1", 0))
            with contextlib.suppress(OSError):
                other.bind(one.getsockname())
                ports.append(one.getsockname()[1])
        return ports


@pytest.mark.parametrize("platform", PLATFORMS)
def test_several_ports_of_the_host_for_one(u2k: Command, server: Path, platform: Platform) -> None:
    tcp = free_ports(socket.AF_INET, 2)
    hosts = [f"127.0.0.1:{port}" for port in tcp]
    options = [word for host in hosts for word in ("-p", f"{host}:8080", "-p", f"{host}:5353/udp")]
    begun = u2k("run", *platform, "-d", "--name", "web", *options, server)
    assert begun.returncode == 0, begun.stderr
    for host in (*hosts, *hosts):
        assert fetched(host) == b"hello\n"
        assert echoed(host) == b"a datagram"


def test_one_client_by_two_ports(u2k: Command, server: Path) -> None:
    """The answer comes from the port that was asked, though the client's port is the same."""
    ports = free_ports(socket.AF_INET, 2)
    options = [word for port in ports for word in ("-p", f"127.0.0.1:{port}:5353/udp")]
    begun = u2k("run", "--on", "process", "-d", "--name", "web", *options, server)
    assert begun.returncode == 0, begun.stderr
    assert echoed(f"127.0.0.1:{ports[0]}") == b"a datagram"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        for port in (ports[0], ports[1], ports[1], ports[0]):
            client.sendto(b"x", ("127.0.0.1", port))
            assert client.recvfrom(9) == (b"x", ("127.0.0.1", port))


def test_ancillary_data(u2k: Command, datagrams: Path) -> None:
    """On ports of the host as over the program's loopback, and as a native program is told of its own."""
    (four,) = free_ports(socket.AF_INET, 1)
    six, mapped = free_ports(socket.AF_INET6, 1)[0], free_ports(socket.AF_INET, 1)[0]
    options = ["-p", f"127.0.0.1:{four}:5353/udp", "-p", f"[::1]:{six}:5354/udp"]
    options += ["-p", f"127.0.0.1:{mapped}:5354/udp"]
    begun = u2k("run", "--on", "process", "-d", "--name", "dns", *options, datagrams)
    assert begun.returncode == 0, begun.stderr
    assert echoed(f"127.0.0.1:{four}") == b"lo 127.0.0.1 ttl 64 tos 0 now; errors: none"
    assert echoed(f"[::1]:{six}") == b"lo ::1 ttl 64 tos 0 now; errors: none"
    assert echoed(f"127.0.0.1:{mapped}") == b"lo ::ffff:127.0.0.1 ttl -1 tos -1 now; errors: none"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_all_exposed_ports(u2k: Command, server: Path, platform: Platform) -> None:
    begun = u2k("run", *platform, "-d", "--name", "web", "--no-healthcheck", "-P", server)
    ports = published("web")
    assert set(ports) == {"8080/tcp", "5353/udp"}
    for guest, host in ports.items():
        assert f"u2k: published 0.0.0.0:{host.rpartition(':')[2]}->{guest}\n".encode() in begun.stderr
    assert fetched(ports["8080/tcp"]) == b"hello\n"
    assert listed()["web"]["health"] is None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_health_of_what_is_not_published(u2k: Command, server: Path, platform: Platform) -> None:
    u2k("run", *platform, "-d", "--name", "web", server)
    health("web", "healthy")
    assert listed()["web"]["published"] == []
    u2k("run", *platform, "-d", "--name", "alone", "--network", "none", server)
    assert health("alone", "unknown")["why"] == "it has no network"
    assert b"health: unknown (it has no network)" in u2k("ps").stdout


@needs_passt
@pytest.mark.parametrize("platform", PLATFORMS)
def test_passt(u2k: Command, server: Path, platform: Platform) -> None:
    options = ["--network", "passt", "-p", "127.0.0.1::8080", "-p", "127.0.0.1::5353/udp"]
    begun = u2k("run", *platform, "-d", "--name", "web", *options, server)
    assert begun.returncode == 0, begun.stderr
    assert fetched(published("web")["8080/tcp"]) == b"hello\n"
    assert echoed(published("web")["5353/udp"]) == b"a datagram"
    health("web", "healthy")


@pytest.fixture
def tap() -> Iterator[str]:
    """A tap device with 10.213.0.1/24, where this user may make one."""
    name = f"u2kt{os.getpid() % 100000}"
    made = subprocess.run(["ip", "tuntap", "add", name, "mode", "tap"], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no tap device can be made here: {made.stderr.decode().strip()}")
    try:
        subprocess.run(["ip", "address", "add", "10.213.0.1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_tap(u2k: Command, server: Path, platform: Platform, tap: str) -> None:
    options = ["--network", f"tap:{tap}", "--ip", "10.213.0.2/24,gateway=10.213.0.1"]
    begun = u2k("run", *platform, "-d", "--name", "web", *options, server)
    assert begun.returncode == 0, begun.stderr
    assert fetched("10.213.0.2:8080") == b"hello\n"
    assert echoed("10.213.0.2:5353") == b"a datagram"
    health("web", "healthy")


def test_a_port_that_is_taken(u2k: Command, server: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = u2k("run", "-p", f"127.0.0.1:{port}:8080", server)
    assert done.returncode == 125
    assert f"port {port}/tcp of 127.0.0.1 is in use".encode() in done.stderr and b"next: " in done.stderr
    assert json.dumps(listed("-a")) == "{}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_two_servers_of_one_file(u2k: Command, server: Path, platform: Platform) -> None:
    for name in ("a", "b"):
        u2k("run", *platform, "-d", "--name", name, "-p", "127.0.0.1::8080", server)
    assert {fetched(published(name)["8080/tcp"]) for name in ("a", "b")} == {b"hello\n"}
    taken = published("a")["8080/tcp"]
    assert u2k("run", *platform, "-p", f"{taken}:8080", server).returncode == 125
    said(u2k, "a", b"ready\n")
