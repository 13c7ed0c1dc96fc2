"""Running as a virtual machine under QEMU: KVM when it really works, emulation otherwise."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import subprocess
import tempfile

from converter.errors import RunError, UsageError
from converter.link.manifest import Manifest
from converter.run.kvm import kvm_works, qemu_binary
from converter.run.memory import default_memory
from converter.run.relay import PORTS, Relay
from converter.run.request import RunRequest, boot_tokens
from converter.run.signals import forwarding
from converter.run.symbols import SymbolTable
from converter.run.terminal import raw_terminal, terminal_size

MACHINES = ("microvm", "microvm,acpi=off", "pc", "q35")
_DEFAULT_MACHINE = "microvm,acpi=off"
_PR_SET_PDEATHSIG = 1


class QemuRunner:
    """`--on qemu`."""

    name = "qemu"

    def __init__(self, machine: str | None = None) -> None:
        if machine is not None and machine not in MACHINES:
            raise UsageError(f"{machine!r} is no machine", hint=f"choose one of: {', '.join(MACHINES)}")
        self._machine = machine or _DEFAULT_MACHINE

    def available(self, manifest: Manifest) -> str | None:
        if manifest.architecture != "amd64":
            return f"virtual machines for {manifest.architecture} come with a later version"
        if qemu_binary(manifest.architecture) is None:
            return "QEMU is not installed (Debian: apt install qemu-system-x86)"
        return None

    def has_kvm(self, manifest: Manifest) -> bool:
        """Whether it would run with hardware virtualisation here: a real probe."""
        if self.available(manifest) is not None:
            return False
        binary = qemu_binary(manifest.architecture)
        return binary is not None and kvm_works(binary)[0]

    def run(self, request: RunRequest) -> int:
        relay = Relay(SymbolTable(request.unikernel))
        with contextlib.ExitStack() as stack:
            messages = stack.enter_context(tempfile.TemporaryFile())
            size = terminal_size() if request.terminal else None
            command = self.command(request, {name: relay.theirs[name].fileno() for name in PORTS}, size)
            try:
                machine = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=messages,
                    stderr=messages,
                    pass_fds=[end.fileno() for end in relay.theirs.values()],
                    start_new_session=True,  # Ctrl-C is the program's, not QEMU's
                    preexec_fn=_end_with_parent,
                )
            except OSError as error:
                raise RunError(f"QEMU cannot be started: {error.strerror}", where=command[0]) from error
            if request.terminal:
                stack.enter_context(raw_terminal())
            relay.start(pass_input=request.interactive or request.terminal)
            resized = (lambda: relay.resize(*terminal_size())) if request.terminal else None
            with forwarding(relay.signal, resized):
                code = machine.wait()
                relay.finish()
            if relay.status is not None:
                return relay.status
            messages.seek(0)
            said = messages.read(8192).decode(errors="replace").strip()
        raise RunError(
            f"the machine ended without a status ({_ending(code)})" + (f":\n{said}" if said else ""),
            where=command[0],
            hint="give it more memory with -m, or see what happens with -v",
        )

    def command(self, request: RunRequest, ports: dict[str, int], size: tuple[int, int] | None) -> list[str]:
        """QEMU's command line; `ports` are the descriptors of the five streams' sockets."""
        binary = qemu_binary(request.manifest.architecture)
        if binary is None:
            raise RunError("QEMU is not installed", hint="apt install qemu-system-x86")
        memory = request.memory if request.memory is not None else default_memory(request.manifest)
        kvm = kvm_works(binary)[0]
        microvm = self._machine.startswith("microvm")
        command = [
            str(binary),
            *("-M", self._machine, "-accel", "kvm" if kvm else "tcg", "-cpu", "host" if kvm else "max"),
            *("-m", f"{-(-memory // (1 << 20))}M", "-nodefaults", "-no-user-config", "-no-reboot"),
            *("-display", "none", "-kernel", str(request.unikernel)),
            *("-append", " ".join(boot_tokens(request, size))),
            *("-global", "virtio-mmio.force-legacy=false"),
            *("-device", "virtio-serial-device" if microvm else "virtio-serial-pci"),
        ]
        for name in PORTS:
            command += ["-chardev", f"socket,id={name},fd={ports[name]}"]
            command += ["-device", f"virtserialport,chardev={name},name=u2k.{name}"]
        return command


def _ending(code: int) -> str:
    return f"QEMU: signal {-code}" if code < 0 else f"QEMU: status {code}"


def _end_with_parent() -> None:
    # A killed u2k must not leave a machine behind (prctl(2)).
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
