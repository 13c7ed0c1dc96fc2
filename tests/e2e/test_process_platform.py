"""The process platform alone: guests of tests/guest/process on a core that only hands out plat_*()."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.link import toolchain
from converter.link.architecture import X86_64
from converter.link.build import include_folders
from converter.link.source import libos_root
from tests.e2e.process_executable import GUESTS, PAGE, executable_of, unikernel_file

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the platform is for x86-64")


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform with the test core."""
    return executable_of("core.c", tmp_path_factory.mktemp("process-platform"))


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The unikernel file of a guest, by its name."""
    folder = tmp_path_factory.mktemp("guests")

    def build(name: str) -> Path:
        made = folder / f"{name}.u2k"
        if not made.exists():
            compiled, flat = folder / f"{name}.o", folder / f"{name}.bin"
            toolchain.compile_object(GUESTS / f"{name}.c", compiled, X86_64, include_folders(X86_64))
            toolchain.link(flat, GUESTS / "guest.lds", [compiled])
            made.write_bytes(unikernel_file(flat.read_bytes()))
        return made

    return build


@pytest.mark.parametrize("name", ["frames", "threads", "memory", "events"])
def test_guest_finds_all_as_it_should_be(executable: Path, guest: Callable[[str], Path], name: str) -> None:
    done = subprocess.run(
        [executable, guest(name)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("call", ["open", "socket", "execve", "clone", "ptrace", "openat", "memfd_create"])
def test_jump_to_our_syscall_instruction_reaches_nothing(
    executable: Path, guest: Callable[[str], Path], call: str
) -> None:
    """The number of a forbidden call, from the library OS's own instruction: the process is killed."""
    table = (libos_root() / "arch/x86_64/syscalls.tbl").read_text().split("\n")
    number = next(int(line.split()[0]) for line in table if line.endswith(f" {call}"))
    done = subprocess.run(
        [executable, guest("escape")], input=number.to_bytes(2, "little"), capture_output=True, timeout=60
    )
    assert done.returncode == -signal.SIGSYS


def test_streams_are_clean_and_whole(executable: Path, guest: Callable[[str], Path]) -> None:
    data = os.urandom(10_000_000)
    done = subprocess.run([executable, guest("pass")], input=data, capture_output=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout == data
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
        source.write(data)
        source.seek(0)
        assert (
            subprocess.run([executable, guest("pass")], stdin=source, stdout=sink, timeout=60).returncode == 0
        )
        sink.seek(0)
        assert sink.read() == data


def test_reader_gone_is_an_error_and_no_death(executable: Path, guest: Callable[[str], Path]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([executable, guest("pass")], input=b"x", stdout=write_end, timeout=60)
    os.close(write_end)
    assert done.returncode == 32  # EPIPE


def test_descriptor_flags_stay_as_they_were(executable: Path, guest: Callable[[str], Path]) -> None:
    read_end, write_end = os.pipe()
    process = subprocess.Popen([executable, guest("pass")], stdin=read_end, stdout=subprocess.PIPE)
    os.write(write_end, b"a")
    assert process.stdout is not None and process.stdout.read(1) == b"a"
    assert os.get_blocking(read_end) and os.get_blocking(process.stdout.fileno())
    os.close(read_end)
    os.close(write_end)
    assert process.wait(60) == 0


def test_host_signals_arrive_one_by_one(executable: Path, guest: Callable[[str], Path]) -> None:
    process = subprocess.Popen(
        [executable, guest("events")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"s")
    assert process.stdout.readline() == b"ready\n"
    for number in (signal.SIGWINCH, signal.SIGPIPE, signal.SIGTERM, signal.SIGSEGV, signal.SIGUSR1):
        process.send_signal(number)
        time.sleep(0.05)
    assert process.wait(60) == 7


def test_ignored_signals_stay_ignored(executable: Path, guest: Callable[[str], Path]) -> None:
    command = ["/bin/sh", "-c", 'trap "" HUP; exec "$0" "$1"', str(executable), str(guest("events"))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"s")
    assert process.stdout.readline() == b"ready\n"
    for number in (
        signal.SIGHUP,
        signal.SIGHUP,
        signal.SIGHUP,
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGUSR2,
    ):
        process.send_signal(number)
        time.sleep(0.05)
    assert process.wait(60) == 8


def test_no_descriptor_but_the_listed_is_used_from_fd_option(
    executable: Path, guest: Callable[[str], Path]
) -> None:
    with guest("pass").open("rb") as file:
        command = [str(executable), f"--fd={file.fileno()}", "--memory=16777216"]
        done = subprocess.run(
            command, input=b"abc", capture_output=True, pass_fds=[file.fileno()], timeout=60
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"abc", b"")


def malformed(good: bytes) -> dict[str, bytes]:
    """Files that are no unikernels, each in its own way."""
    phdr, forever = bytearray(good), struct.pack("<Q", 2**64 - 1)
    return {
        "empty": b"",
        "short": good[:40],
        "text": b"#!/bin/sh\n".ljust(PAGE, b"\n"),
        "no segments": bytes(phdr[:56]) + b"\0\0" + bytes(phdr[58:]),
        "headers past the end": bytes(phdr[:32]) + struct.pack("<Q", 2**63) + bytes(phdr[40:]),
        "segment past the end": good[: 2 * PAGE],
        # What the bundle says of its size counts, then what the segment says.
        "both wrap": bytes(phdr[:96] + forever + phdr[104 : PAGE + 16] + forever + phdr[PAGE + 24 :]),
        "not page aligned": bytes(phdr[:72]) + struct.pack("<Q", 8) + bytes(phdr[80:]),
        "other magic": bytes(phdr[:PAGE]) + b"\0" + bytes(phdr[PAGE + 1 :]),
    }


def test_malformed_files_are_refused_by_name(
    executable: Path, guest: Callable[[str], Path], tmp_path: Path
) -> None:
    for name, data in malformed(guest("pass").read_bytes()).items():
        path = tmp_path / name
        path.write_bytes(data)
        done = subprocess.run([executable, path], capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        assert (done.returncode, done.stdout) == (125, b""), name
        assert str(path).encode() in done.stderr and b"not a unikernel file" in done.stderr, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), b"usage"),
        (("/nonexistent",), b"/nonexistent: cannot open"),
        (("--fd=77",), b"--fd: cannot read"),
        (("--fd=x",), b"--fd=x: not a number"),
        (("--memory=99999999999999999999", "f"), b"not a number in range"),
    ],
)
def test_usage_errors_end_with_125(executable: Path, arguments: tuple[str, ...], message: bytes) -> None:
    done = subprocess.run([executable, *arguments], capture_output=True, timeout=60)
    assert done.returncode == 125
    assert message in done.stderr


@pytest.mark.parametrize("name", ["x86_64", "aarch64"])
def test_call_tables_are_the_kernels(name: str) -> None:
    """Well-known numbers, no number or name twice (Linux arch/*/tools/syscall*.tbl)."""
    rows = [line.split() for line in (libos_root() / f"arch/{name}/syscalls.tbl").read_text().splitlines()]
    numbers = {call: int(number) for number, call in rows}
    assert len(numbers) == len(rows) == len(set(numbers.values()))
    known = {"x86_64": {"read": 0, "exit_group": 231, "openat": 257}, "aarch64": {"read": 63, "openat": 56}}
    assert known[name].items() <= numbers.items()
    assert numbers["futex_waitv"] == 449
