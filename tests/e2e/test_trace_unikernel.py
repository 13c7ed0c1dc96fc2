"""u2k run --trace and --learn: a unikernel tells what is asked of it, and what it misses."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from converter.profile.reading import read_profile
from fixtures.compile import compiled
from tests.builders import oci
from tests.e2e.conftest import Command
from tests.e2e.subject import PLATFORMS, needs_gcc

SOURCE = Path(__file__).parents[1] / "guest/trace/subject.c"


def traced(u2k: Command, unikernel: Path, file: Path, *options: str) -> Any:
    done = u2k("run", "--trace", file, *options, unikernel)
    return done, read_profile(file)


@pytest.mark.parametrize("on", PLATFORMS)
def test_a_program_tells_the_same_natively_and_in_a_unikernel(
    u2k: Command,
    unikernel: Callable[[Path], Path],
    image: Callable[[str], Path],
    tmp_path: Path,
    on: Sequence[str],
) -> None:
    file = tmp_path / "trace.json"
    done, profile = traced(u2k, unikernel(image("sqlite-batch")), file, *on)
    assert (done.returncode, done.stdout) == (0, b"2000|2668667000\nn1234\nwal\n1000\nok\n")
    assert b"u2k: trace:" not in done.stderr
    assert f"--profile {file}".encode() in done.stderr
    assert {"openat", "fdatasync", "pwrite64", "unlink", "fcntl", "exit_group"} <= set(profile.syscalls)
    assert {"getcwd", "clone", "execve", "flock"} & set(profile.syscalls) == set()
    assert profile.arguments["fcntl"].keys() == {"5", "6"}
    assert "/dev/urandom" in profile.arguments["open.path"]
    assert "/usr/lib/x86_64-linux-gnu/libc.so.6" in profile.libraries
    assert "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" in profile.libraries
    # The link on the way, and not the file by the name that leads over it.
    assert "/lib" in profile.files
    assert "/lib/x86_64-linux-gnu/libc.so.6" not in profile.files
    assert {"/job.sql", "/usr/bin/sqlite3"} <= set(profile.files)
    assert {each.kind for why in profile.syscalls.values() for each in why} == {"dynamic"}
    assert profile.subject.argv == ("sqlite3", "-batch", "/var/lib/job/job.db", ".read /job.sql")


def test_a_second_run_adds_to_the_file(
    u2k: Command, unikernel: Callable[[Path], Path], image: Callable[[str], Path], tmp_path: Path
) -> None:
    file, made = tmp_path / "trace.json", unikernel(image("sqlite-batch"))
    first = traced(u2k, made, file, "--on", "process")[1]
    done = u2k("run", "--trace", file, "--on", "process", made, ".read /none.sql")
    assert done.returncode == 1
    both = read_profile(file)
    assert set(first.syscalls) <= set(both.syscalls)


@needs_gcc
@pytest.mark.parametrize("on", PLATFORMS)
def test_a_program_that_executes_another(u2k: Command, tmp_path: Path, on: Sequence[str]) -> None:
    """The entry of tests/guest/trace/subject.c; there is no fork in a unikernel today."""
    binary = compiled(SOURCE, "gcc", ["-static", "-D_GNU_SOURCE"])
    layer = oci.layer(
        oci.file("bin/subject", binary, mode=0o755), oci.symlink("bin/link", "subject"), oci.directory("srv")
    )
    layout = oci.simple_layout([layer], compression="plain", run={"Entrypoint": ["/bin/subject"]})
    archive = oci.write_tar(tmp_path / "subject.tar", layout)
    made, file = tmp_path / "subject.u2k", tmp_path / "trace.json"
    options = ("--full", "--files", "all", "--allow-unsupported")
    assert u2k("convert", *options, archive, "-o", made).returncode == 0
    done = u2k("run", *on, "--trace", file, made, "entry", "listen")
    profile = read_profile(file)
    assert done.returncode == 0, done.stderr
    assert profile.subject.path == "/bin/link"
    assert "socket" in profile.syscalls
    assert not {"execve", "chown", "setuid"} & set(profile.syscalls)
    assert profile.arguments["socket.domain"].keys() == {"2"}


def pasted(stderr: bytes) -> list[str]:
    """The words of the command that a run ends with, without `u2k`."""
    (line,) = [line for line in stderr.decode().splitlines() if line.startswith("u2k: next: ")]
    return shlex.split(line)[3:]


@pytest.mark.parametrize("how", [[], ["--learn"]], ids=["plain", "learn"])
def test_commands_that_runs_end_with_lead_to_a_program_that_runs(
    u2k: Command, image: Callable[[str], Path], tmp_path: Path, how: list[str]
) -> None:
    """From nothing: --strict with a call alone, and no file but the program and its libraries."""
    made = tmp_path / "x.u2k"
    options = ("--strict", "--add-syscall", "exit_group", "--files", "strict")
    assert u2k("convert", *options, image("sqlite-batch"), "-o", made).returncode == 0
    for _ in range(20):
        done = u2k("run", "--on", "process", *how, made)
        if b"u2k: next: " not in done.stderr:
            break
        made_again = u2k(*pasted(done.stderr))
        assert made_again.returncode == 0, made_again.stderr
    assert (done.returncode, done.stdout) == (0, b"2000|2668667000\nn1234\nwal\n1000\nok\n")


def test_what_a_run_misses_is_learned(u2k: Command, image: Callable[[str], Path], tmp_path: Path) -> None:
    archive, made = image("sqlite-batch"), tmp_path / "s.u2k"
    dropped = ("--drop", "fdatasync", "--drop", "unlink")
    assert u2k("convert", *dropped, archive, "-o", made).returncode == 0
    failed = u2k("run", "--on", "process", "--learn", made)
    assert failed.returncode != 0
    learned = tmp_path / "s.profile.json"
    assert b"learned system calls: fdatasync, unlink" in failed.stderr
    kinds = {each.kind for each in read_profile(learned).syscalls["unlink"]}
    assert "learned" in kinds
    assert u2k(*pasted(failed.stderr)).returncode == 0
    again = u2k("run", "--on", "process", "--learn", made)
    assert (again.returncode, again.stdout[-3:]) == (0, b"ok\n")
    assert b"nothing to learn" in again.stderr


def test_what_makes_no_sense(u2k: Command, tmp_path: Path) -> None:
    both = u2k("run", "--learn", "--trace", tmp_path / "x", "none.u2k")
    assert (both.returncode, b"take one of them" in both.stderr) == (125, True)
