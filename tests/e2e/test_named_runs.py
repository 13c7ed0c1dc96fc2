"""Runs that go on by themselves: u2k run -d and --name, ps, logs, stop, wait, rm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.builders import oci
from tests.e2e.conftest import U2K, Command
from tests.e2e.subject import PATIENCE, PLATFORMS, ended, needs_gcc, started

pytestmark = needs_gcc
Platform = tuple[str, ...]


@pytest.fixture(autouse=True)
def own_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder of runs for one test, where nothing goes on behind it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield tmp_path / "u2k" / "runs"
    for name in listed("-a"):
        subprocess.run([*U2K, "rm", "-f", name], check=True, capture_output=True, timeout=PATIENCE)


def listed(*options: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run([*U2K, "ps", "--json", *options], check=True, capture_output=True, timeout=PATIENCE)
    return {each["name"]: each for each in json.loads(done.stdout)}


def said(u2k: Command, name: str, text: bytes) -> bytes:
    """The output of a run, once `text` is in it."""
    deadline = time.monotonic() + PATIENCE
    while text not in (output := u2k("logs", name).stdout):
        assert time.monotonic() < deadline, output
        time.sleep(0.05)
    return output


@pytest.mark.parametrize("platform", PLATFORMS)
def test_from_start_to_end(u2k: Command, subject: Path, platform: Platform, own_runs: Path) -> None:
    begun = u2k("run", *platform, "-d", "--name", "one", subject, "await", "sleep", "2")
    assert (begun.stdout, begun.stderr, begun.returncode) == (b"one\n", b"", 0)
    said(u2k, "one", b"ready\n")
    assert listed()["one"]["status"] == "running"
    assert b"Up " in u2k("ps").stdout
    assert u2k("rm", "one").returncode == 1
    stopped = u2k("stop", "-t", "1", "one")  # SIGTERM, which it catches, and goes on
    assert (stopped.stdout, stopped.returncode) == (b"one\n", 0)
    assert u2k("wait", "one").stdout == b"137\n"
    assert listed() == {} and listed("-a")["one"]["exit_code"] == 137
    assert u2k("logs", "one").stdout == b"ready\ncaught 15\n"
    assert u2k("stop", "one").returncode == 0
    assert u2k("rm", "one").stdout == b"one\n"
    assert listed("-a") == {} and list(own_runs.iterdir()) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_ends_in_time_has_its_own_status(u2k: Command, subject: Path, platform: Platform) -> None:
    u2k("run", *platform, "-d", "--name", "one", subject, "await", "sleep", "1")
    said(u2k, "one", b"ready\n")
    u2k("stop", "-t", "60", "one")
    assert u2k("wait", "one").stdout == b"7\n"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_both_streams_are_recorded_apart(u2k: Command, subject: Path, platform: Platform) -> None:
    u2k("run", *platform, "-d", "--name", "one", subject, "pour", "300000")
    u2k("wait", "one")
    told = u2k("logs", "one")
    assert len(told.stdout) == len(told.stderr) == 300000
    assert told.stdout == told.stderr


def test_logs_are_followed_to_the_end(u2k: Command, subject: Path) -> None:
    u2k("run", "--on", "process", "-d", "--name", "one", subject, "await", "sleep", "1")
    with started([*U2K, "logs", "-f", "one"], stdin=subprocess.DEVNULL) as follower:
        follower.until(b"ready\n")
        u2k("stop", "one")
        assert (follower.rest(), follower.status()) == (b"caught 15\n", 0)
    assert u2k("logs", "--tail", "1", "one").stdout == b"caught 15\n"
    stamped = u2k("logs", "-t", "--tail", "1", "one").stdout
    assert stamped.endswith(b"+00:00 caught 15\n")


def test_names_are_found_and_nothing_is_left_with_rm(u2k: Command, subject: Path, own_runs: Path) -> None:
    first = u2k("run", "--on", "process", "-d", subject, "await", "sleep").stdout.decode().strip()
    second = u2k("run", "--on", "process", "-d", "--rm", subject, "await", "sleep").stdout.decode().strip()
    assert first != second and set(listed()) == {first, second}
    assert u2k("stop", "-t", "0", second, first).returncode == 0
    assert set(listed("-a")) == {first}
    assert [each.name for each in own_runs.iterdir()] == [first]


def test_of_two_with_one_name_one_runs(u2k: Command, subject: Path) -> None:
    def begin(_: int) -> int:
        return u2k("run", "--on", "process", "-d", "--name", "x", subject, "await", "sleep").returncode

    with ThreadPoolExecutor(4) as workers:
        assert sorted(workers.map(begin, range(4))) == [0, 125, 125, 125]
    assert set(listed("-a")) == {"x"}


def test_what_does_not_start_leaves_nothing(u2k: Command, subject: Path) -> None:
    done = u2k("run", "-d", "--name", "x", "--on", "qemu", "-m", "2M", subject, "exit", "0")
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"are too little" in done.stderr and b"next: " in done.stderr
    assert listed("-a") == {}
    for options in (["-i"], ["-t"], ["--name", "a/b"]):
        refused = u2k("run", "-d", *options, subject, "exit", "0")
        assert refused.returncode == 125 and b"next: " in refused.stderr


def test_in_the_foreground_with_a_name(u2k: Command, subject: Path) -> None:
    command = [*U2K, "run", "--on", "process", "--name", "one", str(subject), "await", "sleep", "1"]
    with started(command, stdin=subprocess.DEVNULL) as run:
        run.until(b"ready\n")
        assert listed()["one"]["recorded"] is False
        assert u2k("logs", "one").returncode == 1
        u2k("stop", "one")
        assert (run.rest(), run.status()) == (b"caught 15\n", 7)
    assert listed("-a")["one"]["exit_code"] == 7


def test_a_killed_keeper_takes_its_program_along(u2k: Command, subject: Path) -> None:
    u2k("run", "--on", "process", "-d", "--name", "one", subject, "await", "sleep")
    keeper = listed()["one"]["keeper"]["pid"]
    below = [int(word) for word in Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()]
    os.kill(keeper, signal.SIGKILL)
    assert below and all(ended(pid) for pid in below)
    assert listed() == {} and listed("-a")["one"]["orphaned"] is True
    assert b"Dead" in u2k("ps", "-a").stdout
    assert u2k("run", "-d", "--name", "one", subject, "exit", "0").returncode == 125
    lost = u2k("wait", "one")
    assert lost.returncode == 1 and b"not known" in lost.stderr
    assert u2k("rm", "one").returncode == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_any_signal_may_be_the_one_to_stop_by(
    u2k: Command,
    subject: Path,
    shared_folder: Path,
    unikernel: Callable[[Path], Path],
    tmp_path: Path,
    platform: Platform,
) -> None:
    """SIGWINCH, which httpd takes, and which on a terminal means something else."""
    assert subject.exists()  # and so the program that it was made of
    program = (shared_folder / "subject" / "subject").read_bytes()
    run = {"Entrypoint": ["/subject"], "StopSignal": "SIGWINCH"}
    layer = oci.layer(oci.file("subject", program, mode=0o755))
    archive = oci.write_tar(tmp_path / "winch.tar", oci.simple_layout([layer], run=run))
    u2k("run", *platform, "-d", "--name", "one", unikernel(archive), "await", "sleep", "1")
    said(u2k, "one", b"ready\n")
    u2k("stop", "-t", "1", "one")
    assert u2k("logs", "one").stdout == b"ready\ncaught 28\n"
    assert u2k("wait", "one").stdout == b"7\n"


def test_unknown_runs(u2k: Command) -> None:
    for verb in ("stop", "logs", "wait", "rm"):
        done = u2k(verb, "nothing")
        assert done.returncode == 1 and b"u2k ps -a" in done.stderr
    assert u2k("rm", "-f", "nothing").returncode == 0
