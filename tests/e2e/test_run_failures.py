"""Failures of `u2k run` itself: status 125, one message with the next step, never a traceback."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from converter.link.bundle import MAGIC
from converter.link.image_header import EHDR, PHDR
from converter.run.kvm_guest import EXIT_STATUS
from tests.e2e.conftest import U2K, Command
from tests.e2e.subject import PLATFORMS, needs_gcc

pytestmark = needs_gcc
Platform = tuple[str, ...]


def check(done: subprocess.CompletedProcess[bytes], *said: str) -> None:
    errors = done.stderr.decode(errors="replace")
    assert (done.returncode, done.stdout) == (125, b""), errors
    for text in said:
        assert text in errors
    assert "Traceback" not in errors and "internal error" not in errors


def damaged(subject: Path, out: Path, offset: int, value: bytes) -> Path:
    """A copy with `value` at `offset` of its bundle."""
    data = bytearray(subject.read_bytes())
    magic = struct.pack("<Q", MAGIC)
    header = EHDR.unpack_from(data)
    segments = [PHDR.unpack_from(data, header[5] + number * PHDR.size) for number in range(header[10])]
    at = next(each[2] for each in segments if data[each[2] : each[2] + 8] == magic)
    data[at + offset : at + offset + len(value)] = value
    out.write_bytes(data)
    return out


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "not a unikernel"),
        (0.001, "not a unikernel"),
        (0.5, "bytes are missing"),
        (0.99, "bytes are missing"),
    ],
)
def test_cut_off_file(
    u2k: Command, subject: Path, tmp_path: Path, platform: Platform, share: float, said: str
) -> None:
    data = subject.read_bytes()
    cut = tmp_path / "cut.u2k"
    cut.write_bytes(data[: int(len(data) * share)])
    check(u2k("run", *platform, cut), "cut.u2k: ", said, "next: ")


@pytest.mark.parametrize("what", ["noise", "elf", "folder", "absent", "header"])
def test_file_that_is_no_unikernel(u2k: Command, tmp_path: Path, what: str) -> None:
    path = tmp_path / "it.u2k"
    if what == "noise":
        path.write_bytes(bytes(range(256)) * 1000)
    elif what == "elf":
        shutil.copy("/bin/ls", path)
    elif what == "folder":
        path.mkdir()
    elif what == "header":  # program headers at an offset that no file has
        path.write_bytes(b"\x7fELF\x02\x01".ljust(32, b"\0") + b"\xff" * 64)
    check(u2k("run", path), "it.u2k: ", "next: ")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("offset", "value"), [(40, b"\xff" * 16), (4096 + 1024, bytes(128)), (64, b"\xff" * 64)]
)
def test_damaged_bundle(
    u2k: Command, subject: Path, tmp_path: Path, platform: Platform, offset: int, value: bytes
) -> None:
    """Its sizes, the root image's superblock, the boot record."""
    check(u2k("run", *platform, damaged(subject, tmp_path / "bad.u2k", offset, value)), "u2k: ")


@pytest.mark.parametrize("platform", PLATFORMS[1:])
def test_panic_has_names(u2k: Command, subject: Path, tmp_path: Path, platform: Platform) -> None:
    """A bundle said to be larger than memory: the library OS cannot even begin."""
    loaded_size = 56  # in struct bundle_header
    bad = damaged(subject, tmp_path / "bad.u2k", loaded_size, struct.pack("<Q", 1 << 60))
    check(
        u2k("run", *platform, bad), "u2k: panic: ", " (plat_panic+0x", " (vm_start+0x", "this is a bug in u2k"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--on", "nowhere"], "'nowhere' is no way to run"),
        (["--machine", "toaster"], "'toaster' is no machine"),
        (["-m", "12x"], "'12x' is no size"),
        (["-e", "=x"], "'=x' sets no variable"),
        (["--hostname", "a b"], "'a b' is no name of a host"),
        (["--hostname", "a" * 65], "is no name of a host"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_options_that_make_no_sense(u2k: Command, subject: Path, options: list[str], said: str) -> None:
    check(u2k("run", *options, subject), said)


@pytest.mark.parametrize("platform", PLATFORMS[1:])
def test_too_little_memory(u2k: Command, subject: Path, platform: Platform) -> None:
    """The size that the message names is enough for the library OS to start the program."""
    done = u2k("run", *platform, "-m", "1M", subject, "exit", "8")
    check(done, "-m: 1 MiB are too little", "next: give it ")
    enough = done.stderr.decode().partition("next: give it ")[2].split()[0]
    assert u2k("run", *platform, "-m", enough, subject, "exit", "8").returncode == 8


def test_qemu_is_missing(subject: Path, tmp_path: Path) -> None:
    command = [*U2K, "run", "--on", "qemu", str(subject)]
    environment = os.environ | {"PATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    check(done, "QEMU is not installed", "next: ")


def test_qemu_that_fails(subject: Path, tmp_path: Path) -> None:
    """What it said is passed on."""
    fake = tmp_path / "qemu-system-x86_64"
    fake.write_text("#!/bin/sh\necho no such luck >&2\nexit 1\n")
    fake.chmod(0o755)
    command = [*U2K, "run", "--on", "qemu", str(subject)]
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    check(done, "the machine ended without a status (QEMU: status 1)", "no such luck", "next: ")


@pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="asks KVM only where /dev/kvm opens")
def test_kvm_that_gives_up_is_not_asked_again(subject: Path, tmp_path: Path) -> None:
    """The probe's guest got through, the unikernel does not: QEMU says so, and would wait for ever."""
    fake = tmp_path / "qemu-system-x86_64"
    fake.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *isa-debug-exit*) exit {EXIT_STATUS};; esac\n'
        f'case "$*" in *kvm*) echo "KVM internal error. Suberror: 1" >&2; exec sleep 600;; esac\n'
        f'exec {shutil.which("qemu-system-x86_64")} "$@"\n'
    )
    fake.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "U2K_CACHE_DIR": str(tmp_path / "cache"),
    }
    command = [*U2K, "run", "--on", "qemu", str(subject)]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    check(done, "KVM of this host cannot run the unikernel", "next: run it again")
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
