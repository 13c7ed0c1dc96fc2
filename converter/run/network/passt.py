"""passt: a network without root, by the host's own sockets (passt(1); https://passt.top)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from converter.errors import RunError
from converter.run.child import end_with_us
from converter.run.network.host_ports import HostPorts
from converter.run.network.model import Interface, Network, Published

_SETTLED = 0.2  # seconds; what it cannot do it says at once, and ends


@contextmanager
def passt(network: Network, ports: HostPorts) -> Iterator[list[int]]:
    """One passt for each such interface, as long as the block runs; gives the guest's ends of their sockets.

    It ends by itself when that end is closed. Errors: RunError.
    """
    kinds = [each.kind for each in network.interfaces if each.kind != "tap"]
    wanted = [each for each in network.interfaces if each.kind == "passt"]
    published = ports.published if kinds[:1] == ["passt"] else ()
    if wanted and published:
        ports.release()
    with ExitStack() as stack:
        ends = []
        for interface in wanted:
            ends.append(stack.enter_context(_started(interface, published)))
            published = ()
        yield ends


@contextmanager
def _started(interface: Interface, published: Sequence[Published]) -> Iterator[int]:
    binary = shutil.which("passt")
    if binary is None:
        raise RunError(
            "passt is not installed",
            where="--network passt",
            hint="apt install passt; or take --network user",
        )
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as said, ours:
        with theirs:
            command = [binary, *passt_options(interface, published), "--fd", str(theirs.fileno())]
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                preexec_fn=end_with_us(),
            )
        try:
            if _ended(child):
                said.seek(0)
                words = [line for line in said.read(4096).decode(errors="replace").splitlines() if line]
                reason = "; ".join(word for word in words if "syslog" not in word)
                raise RunError(
                    f"passt ended with status {child.returncode}: {reason or 'it said nothing'}",
                    where="--network passt",
                    hint="take --network user",
                )
            yield ours.fileno()
        finally:
            child.kill()
            child.wait()


def passt_options(interface: Interface, published: Sequence[Published]) -> list[str]:
    """Without `--fd`, the socket."""
    options = ["--foreground", "--quiet"]
    for name, protocol in (("--tcp-ports", "tcp"), ("--udp-ports", "udp")):
        specs = [f"{port.ip}/{port.host}:{port.guest}" for port in published if port.protocol == protocol]
        for spec in specs or ["none"]:
            options += [name, spec]
    address = interface.address
    if address is not None:
        options += ["--address", str(address.own.ip), "--netmask", str(address.own.netmask)]
        options += ["--gateway", str(address.gateway)] if address.gateway is not None else []
    return options


def _ended(child: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _SETTLED
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return child.returncode is not None
