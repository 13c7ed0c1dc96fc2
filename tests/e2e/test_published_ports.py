"""A server on ports of the host: -p, -P, every kind of --network, and its health from outside."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import oci
from tests.e2e.conftest import Command
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


@pytest.fixture(scope="session")
def server(shared_folder: Path, unikernel: Callable[[Path], Path]) -> Path:
    """The unikernel of tests/guest/run/server.c."""
    folder = shared_folder / "server"
    folder.mkdir(exist_ok=True)
    archive, program = folder / "server.oci.tar", folder / "server"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            source = Path(__file__).resolve().parent.parent / "guest/run/server.c"
            command = ["gcc", "-O1", "-Wall", "-Wextra", "-static", "-o", str(program), str(source)]
            subprocess.run(command, check=True, capture_output=True)
            run = {"Cmd": ["/server"], "ExposedPorts": {"8080/tcp": {}, "5353/udp": {}}, "Healthcheck": CHECK}
            layer = oci.layer(oci.file("server", program.read_bytes(), mode=0o755))
            oci.write_tar(archive, oci.simple_layout([layer], run=run))
    return unikernel(archive)


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
    with socket.socket(type=socket.SOCK_DGRAM) as client:
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
