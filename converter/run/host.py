"""What this host can run, by trying it: each check says what it found and what would make it better."""

from __future__ import annotations

import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from converter.cache.folder import cache_folder, default_root
from converter.errors import OutputError, SourceError, ToolchainError
from converter.run import seccomp_probe
from converter.run.kvm import kvm_works, qemu_binary
from converter.run.network import available as network

_LEAST_SPACE = 1 << 30  # bytes; the toolchain's cache and one unpacked image of middling size
_PATIENCE = 30.0  # seconds for a child that should need a hundredth of one
_QEMU_PACKAGES = {"amd64": "qemu-system-x86", "arm64": "qemu-system-arm"}


class Verdict(StrEnum):
    GOOD = "ok"
    OPTIONAL = "optional"  # u2k works without it, with less speed or fewer sources
    BAD = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `next_step` is a command or a sentence, None when nothing is to be done."""

    name: str
    verdict: Verdict
    found: str
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks, and the ways in which `u2k run` can run something here, the best first."""

    checks: tuple[Check, ...]
    ways: tuple[str, ...]


def diagnose(*more: Check) -> Diagnosis:
    """Look at everything; `more` was looked at elsewhere. Takes some seconds with an empty cache."""
    compiler, process = toolchain(), process_platform()
    qemu, kvm = qemu_for("amd64"), kvm_acceleration()
    checks = (
        python(),
        compiler,
        cache(),
        disk_space(),
        process,
        qemu,
        qemu_for("arm64"),
        kvm,
        tap(),
        passt(),
        docker_engine(),
        *more,
    )
    ways = []
    if qemu.verdict is Verdict.GOOD:
        ways.append("qemu with KVM" if kvm.verdict is Verdict.GOOD else "qemu, emulated")
    if process.verdict is Verdict.GOOD and compiler.verdict is Verdict.GOOD:
        # Emulation is some twenty times slower than a process.
        ways.insert(1 if kvm.verdict is Verdict.GOOD and ways else 0, "process")
    return Diagnosis(checks, tuple(ways))


def python() -> Check:
    """The interpreter. An older one than 3.11 does not come as far as here."""
    return Check("python", Verdict.GOOD, f"{platform.python_version()} ({sys.executable})")


def toolchain() -> Check:
    """Does the compiler compile? One object for the machine u2k links most."""
    from importlib import metadata

    from converter.link.architecture import X86_64
    from converter.link.toolchain import compile_object, zig

    try:
        zig()
        with tempfile.TemporaryDirectory(prefix="u2k-doctor-") as folder:
            source = Path(folder) / "probe.c"
            source.write_text("int probe(int value);\nint probe(int value) { return value + 1; }\n")
            compile_object(source, source.with_suffix(".o"), X86_64, [])
        return Check("toolchain", Verdict.GOOD, f"ziglang {metadata.version('ziglang')} compiles")
    except ToolchainError as error:
        step = "pip install --force-reinstall ziglang" if error.where != "ziglang" else error.hint
        return Check("toolchain", Verdict.BAD, str(error), step)
    except (OutputError, OSError) as error:
        return Check("toolchain", Verdict.BAD, f"cannot write its files: {error}", "see the cache, below")


def cache() -> Check:
    """Can the cache be written, and what does it hold?"""
    root = default_root()
    try:
        cache_folder()
        with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-"):
            pass
        used = sum(path.lstat().st_blocks * 512 for path in root.rglob("*"))
    except (OutputError, OSError) as error:
        return Check("cache", Verdict.BAD, str(error), "set U2K_CACHE_DIR to a folder that can be written")
    return Check("cache", Verdict.GOOD, f"{root}, {used >> 20} MiB used")


def disk_space() -> Check:
    """Room on the cache's disk."""
    folder = default_root()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free >> 20} MiB free for {default_root()}"
    if free < _LEAST_SPACE:
        step = "make room there, or set U2K_CACHE_DIR to a folder on another disk"
        return Check("disk space", Verdict.BAD, found, step)
    return Check("disk space", Verdict.GOOD, found)


def process_platform() -> Check:
    """Would the process platform's sandbox hold here? A child installs a filter and runs into it."""
    name = "process platform"
    if platform.system() != "Linux":
        return Check(name, Verdict.BAD, f"needs Linux, this is {platform.system()}", "use --on qemu")
    if platform.machine() != "x86_64":
        return Check(name, Verdict.BAD, f"runs on x86_64, this is {platform.machine()}", "use --on qemu")
    command = [sys.executable, "-I", seccomp_probe.__file__]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name, Verdict.BAD, f"the probe cannot be run: {error}", "use --on qemu")
    if done.returncode != -signal.SIGSYS:
        said = next(iter(done.stderr.strip().splitlines()), f"the probe ended with status {done.returncode}")
        step = "use --on qemu; in a container, allow seccomp and prctl in its security profile"
        return Check(name, Verdict.BAD, f"seccomp filters do not work: {said}", step)
    return Check(name, Verdict.GOOD, f"seccomp filters work, Linux {platform.release()}")


def qemu_for(architecture: str) -> Check:
    """The QEMU for an OCI architecture: there, and starts."""
    name = f"qemu ({architecture})"
    package = _QEMU_PACKAGES[architecture]
    binary = qemu_binary(architecture)
    if binary is None:
        return Check(name, Verdict.OPTIONAL, "not installed", f"apt install {package}")
    try:
        done = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name, Verdict.BAD, f"{binary}: {error}", f"apt install --reinstall {package}")
    if done.returncode != 0:
        said = next(iter(done.stderr.strip().splitlines()), f"status {done.returncode}")
        return Check(name, Verdict.BAD, f"{binary}: {said}", f"apt install --reinstall {package}")
    version = done.stdout.splitlines()[0].removeprefix("QEMU emulator ")
    return Check(name, Verdict.GOOD, f"{version} ({binary})")


def kvm_acceleration() -> Check:
    """A guest really booted with KVM, asked anew and not from the cache."""
    binary = qemu_binary("amd64")
    if binary is None:
        return Check("kvm", Verdict.OPTIONAL, "cannot be tried without QEMU", "apt install qemu-system-x86")
    works, reason = kvm_works(binary, fresh=True)
    if works:
        return Check("kvm", Verdict.GOOD, reason)
    step = "nothing is lost but speed: u2k runs in a process or emulated"
    if "may not be opened" in reason:
        step = "sudo usermod -aG kvm $USER, then log in again"
    elif "does not exist" in reason:
        step = "turn virtualisation on in the firmware, or nested virtualisation in the host of this machine"
    return Check("kvm", Verdict.OPTIONAL, reason, step)


def tap() -> Check:
    """Could `--network tap:NAME` open a device? Which ones are this user's is for who made them to say."""
    reason = network.tap_devices()
    if reason is not None:
        return Check("tap devices", Verdict.OPTIONAL, reason, "nothing is lost but --network tap:NAME")
    return Check("tap devices", Verdict.GOOD, "/dev/net/tun opens")


def passt() -> Check:
    """Could `--network passt` run it?"""
    reason = network.passt_works()
    if reason is None:
        return Check("passt", Verdict.GOOD, "one starts")
    step = "apt install passt" if reason == "not installed" else "use --network user"
    return Check("passt", Verdict.OPTIONAL, reason, step)


def docker_engine() -> Check:
    """Is there an engine whose local images could be converted?"""
    from converter.image.engine import engine_version

    try:
        return Check("docker engine", Verdict.GOOD, f"version {engine_version()} answers")
    except SourceError as error:
        step = "not needed: u2k reads registries and archives itself"
        return Check("docker engine", Verdict.OPTIONAL, error.what, step)
