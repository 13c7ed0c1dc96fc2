"""Running as a virtual machine under QEMU: KVM when it really works, emulation otherwise."""

from __future__ import annotations

import contextlib
import logging
import shlex
import signal
import subprocess
import threading
from pathlib import Path

from converter.errors import RunError, UsageError
from converter.link.architecture import architecture
from converter.link.manifest import Manifest
from converter.run.child import end_with_us, has_input
from converter.run.kvm import kvm_failed, kvm_works, qemu_binary
from converter.run.log import Log
from converter.run.memory import check_memory, default_memory
from converter.run.network.qemu import NO_NETWORK, QemuNetwork, qemu_network
from converter.run.qemu_messages import QemuMessages
from converter.run.relay import Relay
from converter.run.request import RunRequest, Started, boot_tokens
from converter.run.signals import forwarding
from converter.run.symbols import SymbolTable
from converter.run.terminal import terminal_size, whole_terminal

_LOG = logging.getLogger("u2k")
MACHINES = ("microvm", "microvm,acpi=off", "pc", "q35")
_DEFAULT_MACHINE = "microvm,acpi=off"
# An emulated string instruction goes byte by byte. Where the CPU says ERMS, C libraries take it for what is
# large (glibc manual, "Tunables": x86_rep_movsb_threshold), and vectors where not: a sixteenth of the steps.
_EMULATED_CPU = "max,-erms"
_KILLED = 128 + signal.SIGKILL


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

    def kvm(self, manifest: Manifest) -> tuple[bool, str]:
        """Whether it would run with hardware virtualisation here, by a real probe, and why not."""
        reason = self.available(manifest)
        binary = qemu_binary(manifest.architecture)
        if reason is not None or binary is None:
            return False, reason or "QEMU is not installed"
        return kvm_works(binary)

    def run(self, request: RunRequest) -> int:
        check_memory(request.memory, request.manifest)
        symbols = SymbolTable(request.unikernel)
        processor = architecture(request.manifest.architecture).name
        log = Log(symbols, processor, raw=request.raw_terminal, watch=request.watch)
        relay = Relay(log, pass_input=has_input(request))
        with contextlib.ExitStack() as stack:
            signals = stack.enter_context(forwarding(resizes=request.terminal))
            size = None
            if request.terminal:
                size = terminal_size()
                stack.enter_context(whole_terminal(raw=request.raw_terminal))
            ports = {name: end.fileno() for name, end in relay.theirs.items()}
            network = stack.enter_context(qemu_network(request.network, request.ports, microvm=self._microvm))
            command = self.command(request, ports, size, network)
            _LOG.info("starting %s", shlex.join(command))
            messages = QemuMessages(lambda: machine.kill())
            stack.callback(messages.close)
            try:
                machine = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=messages.theirs,
                    stderr=messages.theirs,
                    pass_fds=[*ports.values(), *network.descriptors],
                    start_new_session=True,  # Ctrl-C is the program's, not QEMU's
                    preexec_fn=end_with_us(),
                )
            except OSError as error:
                raise RunError(f"QEMU cannot be started: {error.strerror}", where=command[0]) from error
            stack.callback(machine.kill)
            messages.start()
            relay.start()
            signals.pass_to(relay.signal)
            killed = threading.Event()

            def kill() -> None:
                killed.set()
                machine.kill()

            if request.started is not None:
                request.started(Started(relay.give, kill))
            code = machine.wait()
            relay.finish()
            said = "\n".join(symbols.annotate(line) for line in messages.finish().splitlines())
        log.check()
        if relay.status is not None:
            return relay.status
        if killed.is_set():
            return _KILLED
        if messages.gave_up:
            kvm_failed(Path(command[0]))
            raise RunError(
                "KVM of this host cannot run the unikernel: it gave up in the middle",
                where=command[0],
                hint="run it again: it will be emulated from now on, until the next boot",
            )
        raise RunError(
            f"the machine ended without a status ({_ending(code)})" + (f":\n{said}" if said else ""),
            where=command[0],
            hint="give it more memory with -m, or see what happens with -v",
        )

    @property
    def _microvm(self) -> bool:
        return self._machine.startswith("microvm")

    def command(
        self,
        request: RunRequest,
        ports: dict[str, int],
        size: tuple[int, int] | None,
        network: QemuNetwork = NO_NETWORK,
    ) -> list[str]:
        """QEMU's command line; `ports` are the descriptors of the streams' sockets."""
        binary = qemu_binary(request.manifest.architecture)
        if binary is None:
            raise RunError("QEMU is not installed", hint="apt install qemu-system-x86")
        memory = request.memory if request.memory is not None else default_memory(request.manifest)
        kvm = kvm_works(binary)[0]
        command = [
            str(binary),
            *("-M", self._machine),
            *(("-accel", "kvm", "-cpu", "host") if kvm else ("-accel", "tcg", "-cpu", _EMULATED_CPU)),
            *("-m", f"{-(-memory // (1 << 20))}M", "-nodefaults", "-no-user-config", "-no-reboot"),
            # What is said before there are streams goes to the serial port, and so among QEMU's messages.
            *("-display", "none", "-serial", "stdio", "-kernel", str(request.unikernel)),
            *("-append", " ".join(boot_tokens(request, size, request.network.interfaces))),
            *("-global", "virtio-mmio.force-legacy=false"),
            *("-device", "virtio-serial-device" if self._microvm else "virtio-serial-pci"),
            *network.options,
        ]
        if request.manifest.root_on == "disk":
            file = str(request.unikernel).replace(",", ",,")
            command += [
                "-blockdev",
                f"driver=raw,node-name=root,read-only=on,file.driver=file,file.filename={file}",
            ]
            command += ["-device", f"virtio-blk-{'device' if self._microvm else 'pci'},drive=root"]
        if "virtio_rng" in request.manifest.parts:
            command += ["-device", "virtio-rng-device" if self._microvm else "virtio-rng-pci"]
        for name in ports:
            command += ["-chardev", f"socket,id={name},fd={ports[name]}"]
            command += ["-device", f"virtserialport,chardev={name},name=u2k.{name}"]
        return command


def _ending(code: int) -> str:
    return f"QEMU: signal {-code}" if code < 0 else f"QEMU: status {code}"
