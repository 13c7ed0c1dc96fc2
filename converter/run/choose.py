"""Which way of running: what the user said, else the best one that works here."""

from __future__ import annotations

import logging

from converter.errors import RunError, UsageError
from converter.link.manifest import Manifest
from converter.run.process import ProcessRunner
from converter.run.qemu import QemuRunner
from converter.run.request import Runner

_LOG = logging.getLogger("u2k")
WAYS = ("auto", "process", "qemu")


def choose_runner(on: str, manifest: Manifest, machine: str | None = None) -> Runner:
    """The runner for `--on`. With `auto`: QEMU with working KVM, else the process, else emulation.

    Errors: UsageError for an unknown way, RunError when nothing can run it here.
    """
    if on not in WAYS:
        raise UsageError(f"{on!r} is no way to run", hint=f"choose one of: {', '.join(WAYS)}")
    process, qemu = ProcessRunner(), QemuRunner(machine)
    if on == "auto" and machine is not None:
        on = "qemu"
    if manifest.target == "process":
        if on == "qemu":
            raise RunError(
                "this file is a process executable, not a kernel", hint="convert the image with --target vm"
            )
        order: tuple[Runner, ...] = (process,)
    elif on != "auto":
        order = (process,) if on == "process" else (qemu,)
    else:
        works, why = qemu.kvm(manifest)
        _LOG.info("hardware virtualisation: %s", why if works else f"no ({why})")
        order = (qemu, process) if works else (process, qemu)
    reasons = []
    for runner in order:
        reason = runner.available(manifest)
        if reason is None:
            _LOG.info("running on: %s%s", runner.name, "" if on != "auto" else " (--on chooses another)")
            return runner
        reasons.append(f"{runner.name}: {reason}")
    raise RunError(f"this host cannot run it ({'; '.join(reasons)})", hint="u2k doctor says what to install")
