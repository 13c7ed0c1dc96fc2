"""Building guests once a test run, and running them: natively, and as unikernels."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from converter.convert import convert
from tests.guest.guests import Case, Guest, compile_guest, image_of, missing

U2K = [sys.executable, "-c", "import sys; from converter.cli.main import main; sys.exit(main())"]
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


@dataclass(frozen=True, slots=True)
class Built:
    """A guest's program and the unikernel made of it."""

    program: Path
    unikernel: Path


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave; a death by signal n is status 128 + n."""

    stdout: bytes
    stderr: bytes
    status: int


def _shared_folder(runner: int) -> Path:
    return Path(tempfile.gettempdir()) / f"u2k-guests-{runner}"


def pytest_sessionfinish() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(_shared_folder(os.getpid()), ignore_errors=True)


@pytest.fixture(scope="session")
def guest_folder() -> Path:
    """One folder for all workers of this test run, which any user may look into: pytest's own are closed."""
    folder = _shared_folder(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid())
    folder.mkdir(mode=0o755, exist_ok=True)
    assert folder.stat().st_uid == os.geteuid(), f"{folder} is somebody else's"
    return folder


@pytest.fixture(scope="session")
def built(guest_folder: Path) -> Callable[[Guest, str], Built]:
    """Program and unikernel of a guest in one variant; skips, with the reason, where it cannot be."""

    def build(guest: Guest, variant: str) -> Built:
        if reason := missing(variant):
            pytest.skip(reason)
        if (guest.root or guest.user is not None) and os.geteuid() != 0:
            pytest.skip("the native run of this guest needs root")
        folder = guest_folder / f"{guest.name}-{variant}"
        done = Built(folder / guest.name, folder / "guest.u2k")
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.unikernel.exists():
                program = compile_guest(guest, variant, folder)
                for each in (guest_folder, folder, program):  # whatever the umask is
                    each.chmod(0o755)
                archive = image_of(program, guest.user, folder / "image.oci.tar")
                convert(str(archive), done.unikernel)
                archive.unlink()
        return done

    return build


def _run(command: Sequence[str], stdin: bytes, **options: object) -> Result:
    done = subprocess.run(
        command, input=stdin, capture_output=True, timeout=120, check=False, umask=0o022, **options
    )
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Result(done.stdout, done.stderr, status)


def natively(program: Path, guest: Guest, case: Case) -> Result:
    """The program as a plain process of this host."""
    identity: dict[str, object] = {}
    if guest.user is not None:  # with the primary group among the others, as docker has it
        identity = {"user": guest.user, "group": guest.user, "extra_groups": [guest.user]}
    return _run([str(program), *case.args], case.stdin, cwd="/", env={**ENVIRONMENT, **case.env}, **identity)


def as_unikernel(unikernel: Path, guest: Guest, case: Case, where: Sequence[str]) -> Result:
    """The program in its unikernel; `where` are the options of `u2k run` that say on what."""
    if "qemu" in where and shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here (Debian: apt-get install qemu-system-x86)")
    words = [*U2K, "run", "-i", *where, *(("-m", guest.memory) if guest.memory else ())]
    for name, value in case.env.items():
        words += ["-e", f"{name}={value}"]
    ran = _run([*words, str(unikernel), *case.args], case.stdin)
    stderr = ran.stderr
    for name in case.absent:
        line = re.compile(rb"u2k: system call %s \(\d+\) is not in [^\n]*\n" % name.encode())
        stderr, count = line.subn(b"", stderr)
        assert count == 1, f"the log names the absent call {name} {count} times"
    return replace(ran, stderr=stderr)
