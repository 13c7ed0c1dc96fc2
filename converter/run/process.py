"""Running on the process platform: a sandboxed Linux process, no KVM, no QEMU, no root."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from pathlib import Path

from converter.errors import RunError
from converter.link.architecture import architecture
from converter.link.choice import Choice, same_parts
from converter.link.kernel import link_kernel
from converter.link.manifest import Manifest
from converter.run.child import end_with_us
from converter.run.log import Log
from converter.run.network.process import process_network
from converter.run.request import RunRequest, Started, boot_tokens
from converter.run.signals import forwarding
from converter.run.symbols import SymbolTable
from converter.run.terminal import terminal_size, whole_terminal


class ProcessRunner:
    """`--on process`."""

    name = "process"

    def available(self, manifest: Manifest) -> str | None:
        machine = architecture(manifest.architecture)
        if platform.system() != "Linux":
            return f"this host runs {platform.system()}, the process platform needs Linux"
        if platform.machine() != machine.name:
            return f"this host is {platform.machine()}, the unikernel is for {machine.name}"
        if machine.name != "x86_64":
            return f"the process platform does not run on {machine.name} yet"
        return None

    def run(self, request: RunRequest) -> int:
        executable, options, file = self._command(request)
        machine = architecture(request.manifest.architecture).name
        log = Log(SymbolTable(executable), machine, raw=request.raw_terminal, watch=request.watch)
        read_end, write_end = os.pipe()
        with contextlib.ExitStack() as stack:
            signals = stack.enter_context(forwarding(resizes=request.terminal))
            network = stack.enter_context(process_network(request.network, request.ports))
            lines = stack.enter_context(os.fdopen(read_end, "r", errors="replace", newline="\n"))
            with contextlib.closing(os.fdopen(write_end, "wb", buffering=0)):
                size = None
                if request.terminal:
                    size = terminal_size()
                    stack.enter_context(whole_terminal(raw=request.raw_terminal))
                command = [str(executable), f"--log-fd={write_end}", *options, *network.options, *file]
                command += boot_tokens(request, size, network.devices)
                stdin = None if request.interactive or request.terminal else subprocess.DEVNULL
                try:
                    child = subprocess.Popen(
                        command,
                        stdin=stdin,
                        pass_fds=[write_end, *network.descriptors],
                        env={},
                        # The terminal sends Ctrl-C to a whole group: it is passed on once, by us. A session
                        # and not only a group, whose reading from the terminal would stop it (SIGTTIN).
                        start_new_session=True,
                        preexec_fn=end_with_us(),
                    )
                except OSError as error:
                    raise RunError(f"cannot be started: {error.strerror}", where=str(executable)) from error
            stack.callback(child.kill)

            signals.pass_to(child.send_signal)
            if request.started is not None:
                request.started(Started(child.send_signal, child.kill))
            log.carry(lines)
            status = child.wait()
        log.check()
        return status if status >= 0 else 128 - status

    def _command(self, request: RunRequest) -> tuple[Path, list[str], list[str]]:
        """What is executed, its options, and the file behind them."""
        memory = [f"--memory={request.memory}"] if request.memory is not None else []
        if request.manifest.target == "process":
            return request.unikernel, memory, []
        machine = architecture(request.manifest.architecture)
        kernel = link_kernel("process", machine, self._choice(request.manifest))
        return kernel.path, memory, [str(request.unikernel)]

    def _choice(self, manifest: Manifest) -> Choice:
        return same_parts(manifest.syscalls, manifest.parts, "process")
