"""Servers as unikernels: every probe is answered, over published ports and over a tap, on both platforms."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.net.link import Namespace, can_make_networks, namespace
from tests.net.probes import FIXTURES, Server, await_server, from_corpus

_U2K = [sys.executable, "-c", "import sys; from converter.__main__ import main; sys.exit(main())"]
_CORPUS = os.environ.get("U2K_CORPUS")
_RECIPES = Path(os.environ.get("U2K_CORPUS_RECIPES", "/work/shared/corpus/recipes"))
_SERVERS = ("redis", "nginx", "memcached", "python-http", "cpp-http", "go-http")
_START = 60.0  # seconds
# What is refused as on a Linux that is out of processes: fork comes later.
_FORKS = {"BGSAVE\r\n": rb"-ERR|-MISCONF|Can't save|fork"}

pytestmark = pytest.mark.slow
_needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not here")
PLATFORMS = [pytest.param("process", id="process"), pytest.param("qemu", id="qemu", marks=_needs_qemu)]


@contextlib.contextmanager
def started(log: Path, where: Namespace | None, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`u2k run ARGUMENTS...`, ended when the test is over."""
    command = [*_U2K, "run", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(
            where.command(*command) if where else command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def asked(server: Server, host: str, port: int, log: Path) -> None:
    assert await_server(server, host, port, _START), log.read_text(errors="replace")[-3000:]
    for probe in server.probes:
        forked = _FORKS.get((probe.send or b"").decode())
        wrong = probe.ask(host, port)
        if forked is None:
            assert wrong is None, log.read_text(errors="replace")[-3000:]
        else:
            assert wrong is not None
            assert "fork" in log.read_text(errors="replace"), "the log names what is missing"


def free_port() -> int:
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return int(end.getsockname()[1])


def on_published_port(file: Path, server: Server, platform: str, folder: Path) -> None:
    port, log = free_port(), folder / "log"
    arguments = ["--on", platform, "-p", f"127.0.0.1:{port}:{server.port}"]
    udp = [probe for probe in server.probes if probe.udp]
    if udp:
        arguments += ["-p", f"127.0.0.1:{port}:{server.port}/udp"]
    with started(log, None, *arguments, str(file), *server.args):
        asked(server, "127.0.0.1", port, log)


def over_a_tap(file: Path, server: Server, platform: str, folder: Path) -> None:
    reason = can_make_networks()
    if reason is not None:
        pytest.skip(reason)
    log = folder / "log"
    with namespace("u2k-tap") as where:
        where.ip("tuntap", "add", "dev", "t0", "mode", "tap", "vnet_hdr")
        where.ip("addr", "add", "10.76.0.1/24", "dev", "t0")
        where.ip("link", "set", "t0", "up")
        arguments = ["--on", platform, "--network", "tap:t0", "--ip", "10.76.0.2/24,gateway=10.76.0.1"]
        with started(log, where, *arguments, str(file), *server.args), where.entered():
            asked(server, "10.76.0.2", server.port, log)


WAYS = {"publish": on_published_port, "tap": over_a_tap}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", ["redis", "memcached"])
def test_fixture(
    name: str,
    platform: str,
    way: str,
    image: Callable[[str], Path],
    unikernel: Callable[[Path], Path],
    tmp_path: Path,
) -> None:
    WAYS[way](unikernel(image(name)), FIXTURES[name], platform, tmp_path)


@pytest.mark.skipif(_CORPUS is None, reason="U2K_CORPUS names no folder of corpus images")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", _SERVERS)
def test_corpus(
    name: str, platform: str, way: str, unikernel: Callable[[Path], Path], tmp_path: Path
) -> None:
    archive = Path(_CORPUS or "") / f"{name}.oci.tar"
    if not archive.exists():
        pytest.skip(f"{archive} is not there")
    WAYS[way](unikernel(archive), from_corpus(_RECIPES / name), platform, tmp_path)
