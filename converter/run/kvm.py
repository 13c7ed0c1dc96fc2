"""QEMU on this host: where it is, and whether its KVM really runs a guest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from converter.cache.folder import cache_folder
from converter.errors import OutputError
from converter.link.architecture import ARCHITECTURES
from converter.run.kvm_guest import EXIT_PORT, EXIT_STATUS, guest_image
from converter.run.qemu_messages import QemuMessages

_LOG = logging.getLogger("u2k")
_DEVICE = Path("/dev/kvm")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PATIENCE = 3.0  # seconds; a guest that works ends in 0.05


def qemu_binary(architecture: str) -> Path | None:
    """The QEMU for an OCI architecture (amd64, arm64), by PATH; None if there is none."""
    names = {each.oci: each.name for each in ARCHITECTURES}
    found = shutil.which(f"qemu-system-{names[architecture]}") if architecture in names else None
    return Path(found) if found else None


def kvm_works(qemu: Path, *, fresh: bool = False) -> tuple[bool, str]:
    """Whether `qemu` can run a 64-bit guest with KVM and this host's processor, and why not.

    That /dev/kvm opens says little where the host is itself a virtual machine, so a tiny guest is run. Its
    answer is kept until the next boot or another QEMU; `fresh` asks again.
    """
    reason = _obviously_not(qemu)
    if reason is not None:
        return False, reason
    kept = _kept_answer(qemu)
    if not fresh and kept is not None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # asked again, then
            answer = json.loads(kept.read_bytes())
            return bool(answer["works"]), str(answer["reason"])
    works, reason = run_guest(qemu, "kvm", "host")
    _LOG.info("KVM: %s", reason)
    _keep(kept, works, reason)
    return works, reason


def kvm_failed(qemu: Path) -> None:
    """A unikernel could not be run after all: the answer is no until it is asked for anew."""
    _keep(_kept_answer(qemu), False, "a unikernel was given up in the middle")


def _keep(kept: Path | None, works: bool, reason: str) -> None:
    if kept is not None:
        with contextlib.suppress(OSError):  # the answer is as good without a cache
            temporary = kept.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps({"works": works, "reason": reason}))
            temporary.replace(kept)


def run_guest(qemu: Path, accelerator: str, cpu: str) -> tuple[bool, str]:
    """Boot the probe's guest: (it ended as it should, what happened). Ends after 3 s whatever happens."""
    with tempfile.TemporaryDirectory(prefix="u2k-probe-") as folder:
        kernel = Path(folder) / "probe.elf"
        kernel.write_bytes(guest_image())
        command = [
            *(str(qemu), "-M", "microvm,acpi=off", "-accel", accelerator, "-cpu", cpu, "-m", "16M"),
            *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-kernel", str(kernel)),
            *("-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=1"),
        ]
        messages = QemuMessages(lambda: guest.kill())
        with contextlib.closing(messages):
            try:
                guest = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=messages.theirs, stderr=messages.theirs
                )
            except OSError as error:
                return False, f"{qemu} cannot be started: {error.strerror}"
            messages.start()
            try:
                status = guest.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                guest.kill()
                guest.wait()
                return False, f"a guest started but did not get through its first steps in {_PATIENCE:.0f} s"
            finally:
                told = messages.finish()
    if messages.gave_up:
        return False, "a guest started, and KVM cannot do one of its first steps"
    if status == EXIT_STATUS:
        return True, "a guest ran"
    ending = f"signal {-status}" if status < 0 else f"status {status}"
    said = next(iter(told.splitlines()), "it said nothing")
    return False, f"a guest does not start, QEMU ends with {ending}: {said[:200]}"


def _obviously_not(qemu: Path) -> str | None:
    if platform.system() != "Linux":
        return "KVM is a part of Linux"
    if platform.machine() != "x86_64" or qemu.name != "qemu-system-x86_64":
        return "KVM is used for x86-64 guests on x86-64 hosts"
    if not _DEVICE.exists():
        return f"{_DEVICE} does not exist"
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        return f"{_DEVICE} may not be opened by this user"
    return None


def _kept_answer(qemu: Path) -> Path | None:
    """Where the answer for this boot and this QEMU binary is kept; None where that cannot be told."""
    try:
        about = qemu.resolve().stat()
        key = f"{_BOOT_ID.read_text()}{qemu.resolve()}\n{about.st_mtime_ns} {about.st_size}\n{os.geteuid()}"
        asked = hashlib.sha256(key.encode() + guest_image())
        return cache_folder("probes") / f"kvm-{asked.hexdigest()[:32]}.json"
    except (OSError, OutputError):
        return None
