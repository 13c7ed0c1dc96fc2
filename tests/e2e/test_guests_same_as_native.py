"""Signals, threads, clocks and the process's own calls: tests/guest/core, natively and as unikernels.

The guests print what must be the same on every Linux, so the truth is a run on the host's kernel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.host_program import pack

SOURCES = Path(__file__).resolve().parent.parent / "guest/core"
NOBODY = 65534  # as fixtures.host_program has it in its images

DEATHS = ("abort", "segv", "blocked-segv", "ignored-segv", "bad-stack", "bad-return")
SIGNALS = ("1", "2", "9", "10", "14", "15", "17", "18", "23", "30", "34", "64")
CASES = [
    ("signals", ""),
    *[("signals", how) for how in DEATHS + SIGNALS],
    ("threads", ""),
    *[("threads", how) for how in ("leader-first", "kill-thread", "execve")],
    ("clocks", ""),
    ("process", ""),
]
PLATFORMS = {
    "process": ("--on", "process", "--fast-calls-after", "1"),
    "process-trapped": ("--on", "process", "--no-fast-calls"),
    "microvm": ("--on", "qemu", "--machine", "microvm"),
}

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None or os.uname().machine != "x86_64", reason="needs gcc on x86-64"
)


@dataclass(frozen=True, slots=True)
class Result:
    stdout: bytes
    status: int  # 128+n after signal n


@pytest.fixture(scope="session")
def program(shared_folder: Path) -> Callable[[str], Path]:
    """The static program of a guest; every user may run it."""

    def built(name: str) -> Path:
        folder = shared_folder / "guest-programs"
        folder.mkdir(exist_ok=True)
        made = folder / name
        if not made.exists():
            temporary = folder / f"{name}.{os.getpid()}"
            words = ["gcc", "-O1", "-Wno-infinite-recursion", "-static", "-pthread", "-o", str(temporary)]
            subprocess.run([*words, str(SOURCES / f"{name}.c")], check=True, capture_output=True, text=True)
            temporary.rename(made)
        return made

    return built


@pytest.fixture(scope="session")
def guest(program: Callable[[str], Path], unikernel: Callable[[Path], Path]) -> Callable[[str], Path]:
    """The unikernel of a guest."""

    def made(name: str) -> Path:
        archive = program(name).with_suffix(".oci.tar")
        if not archive.exists():
            temporary = archive.with_suffix(f".{os.getpid()}")
            pack(str(program(name)), temporary, name)
            temporary.rename(archive)
        return unikernel(archive)

    return made


def natively(program: Path, case: str) -> Result:
    """The same user and groups as in the image. The program comes by descriptor: its folder may be closed to
    that user."""
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": [NOBODY]} if os.geteuid() == 0 else {}
    with program.open("rb") as file:
        done = subprocess.run(
            [program.name, *([case] if case else [])],
            executable=f"/proc/self/fd/{file.fileno()}",
            pass_fds=[file.fileno()],
            capture_output=True,
            cwd="/",
            timeout=60,
            check=False,
            env={"LC_ALL": "C"},
            **identity,  # type: ignore[arg-type]
        )
    return Result(done.stdout, done.returncode if done.returncode >= 0 else 128 - done.returncode)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}-{case or 'all'}" for name, case in CASES])
def test_same_as_native(
    name: str,
    case: str,
    platform: str,
    program: Callable[[str], Path],
    guest: Callable[[str], Path],
    u2k: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    if platform == "microvm" and shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here (Debian: apt-get install qemu-system-x86)")
    truth = natively(program(name), case)
    if not case:
        assert truth.stdout.endswith(b"end\n")
    done = u2k("run", *PLATFORMS[platform], guest(name), *([case] if case else []))
    assert Result(done.stdout, done.returncode) == truth, done.stderr.decode(errors="replace")


@pytest.mark.parametrize("signo", ["19", "20", "21", "22"])
def test_stop_signals_do_nothing(
    signo: str, guest: Callable[[str], Path], u2k: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    """As for process 1 of a container: nobody could continue it."""
    done = u2k("run", "--on", "process", guest("signals"), signo)
    assert (done.stdout, done.returncode) == (b"still here\n", 3)
