"""redis in a machine with little memory: the root in it, or on a disk that is larger than it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.e2e.conftest import Command
from tests.net.probes import FIXTURES, await_server
from tests.net.test_servers import _CORPUS, _START, _needs_qemu, free_port, started

pytestmark = [pytest.mark.slow, _needs_qemu]


def serves(
    u2k: Command, archive: Path, folder: Path, root: str, memory: str, arguments: Sequence[str]
) -> None:
    port, out, log = free_port(), folder / "redis.u2k", folder / "log"
    made = u2k("convert", archive, "-o", out, "--root", root)
    assert made.returncode == 0, made.stderr.decode()
    options = ("--on", "qemu", "-m", memory, "-p", f"127.0.0.1:{port}:6379", str(out))
    with started(log, None, *options, *arguments):
        assert await_server(FIXTURES["redis"], "127.0.0.1", port, _START), log.read_text(errors="replace")
        with socket.create_connection(("127.0.0.1", port), 20) as end, end.makefile("rb") as answers:
            # Saving in the background would take a fork, and without it redis takes no more writes.
            end.sendall(b'CONFIG SET save ""\r\n')
            assert answers.readline() == b"+OK\r\n"
            for number in range(500):
                value = f"{number:04}".encode() * 250
                end.sendall(b"SET k%d %s\r\nGET k%d\r\n" % (number, value, number))
                assert [answers.readline() for _ in range(3)] == [b"+OK\r\n", b"$1000\r\n", value + b"\r\n"]


def test_root_on_a_disk(u2k: Command, image: Callable[[str], Path], tmp_path: Path) -> None:
    serves(u2k, image("redis"), tmp_path, "disk", "16M", FIXTURES["redis"].args)


@pytest.mark.skipif(_CORPUS is None, reason="U2K_CORPUS names no folder of corpus images")
@pytest.mark.parametrize(("root", "memory"), [("disk", "16M"), ("memory", "32M")])
def test_of_the_corpus(u2k: Command, tmp_path: Path, root: str, memory: str) -> None:
    serves(u2k, Path(_CORPUS or "") / "redis.oci.tar", tmp_path, root, memory, ())
