"""Ports of the host and no network: what a program then finds, and what the log says of it."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import oci
from tests.e2e.conftest import Command
from tests.e2e.subject import needs_gcc

pytestmark = needs_gcc


@pytest.fixture(scope="session")
def alone(shared_folder: Path, unikernel: Callable[[Path], Path]) -> Path:
    """The unikernel of tests/guest/run/alone.c."""
    folder = shared_folder / "alone"
    folder.mkdir(exist_ok=True)
    archive, program = folder / "alone.oci.tar", folder / "alone"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            source = Path(__file__).resolve().parent.parent / "guest/run/alone.c"
            subprocess.run(["gcc", "-O1", "-static", "-o", str(program), str(source)], check=True)
            layer = oci.layer(oci.file("alone", program.read_bytes(), mode=0o755))
            oci.write_tar(archive, oci.simple_layout([layer], run={"Cmd": ["/alone"]}))
    return unikernel(archive)


def test_nobody_is_reached_and_loopback_stays_inside(u2k: Command, alone: Path) -> None:
    done = u2k("run", "--on", "process", "-p", "127.0.0.1::8080", alone)
    unreachable = b"Network is unreachable"
    assert done.stdout == b"stream: %s\ndatagrams: %s\nlo\n" % (unreachable, unreachable)
    assert done.returncode == 0
    assert done.stderr.count(b"--network passt") == 1
    assert b"port 8080 is published, but the program serves it on its loopback address only" in done.stderr
