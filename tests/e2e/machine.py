"""A QEMU machine with the five ports of a unikernel, for tests of what runs inside."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from converter.run.control import EXIT, PANIC, MessageReader, exit_status

PORTS = ("control", "in", "out", "err", "log")
QEMU = shutil.which("qemu-system-x86_64")


@dataclass(slots=True)
class Result:
    """What came over the ports until the machine was off. `code` is QEMU's own status."""

    code: int = -1
    serial: bytes = b""
    streams: dict[str, bytearray] = field(default_factory=dict)
    arrivals: dict[bytes, int] = field(default_factory=dict)  # line of standard output -> host's ns

    def __getattr__(self, name: str) -> bytes:
        if name in PORTS:
            return bytes(self.streams[name])
        raise AttributeError(name)

    @property
    def messages(self) -> list[tuple[int, bytes]]:
        return list(MessageReader().feed(self.control))

    @property
    def status(self) -> int | None:
        return next((exit_status(data) for kind, data in self.messages if kind == EXIT), None)

    @property
    def panic(self) -> str:
        return b"".join(data for kind, data in self.messages if kind == PANIC).decode()

    @property
    def values(self) -> list[tuple[str, int]]:
        """The lines "NAME NUMBER" of standard output."""
        pairs = (line.split() for line in self.out.decode().splitlines())
        return [(pair[0], int(pair[1])) for pair in pairs if len(pair) == 2 and pair[1].lstrip("-").isdigit()]


def run(
    kernel: Path,
    tokens: str = "",
    *,
    machine: str = "microvm,acpi=off",
    cpu: str = "qemu64",
    memory: str = "4M",
    stdin: bytes = b"",
    when: tuple[bytes, bytes] | None = None,
    ports: Sequence[str] = PORTS,
    extra: Sequence[str] = (),
    timeout: float = 60,
) -> Result:
    """Boot `kernel`, wait for its end. `when`: output to wait for, what then goes to the control port."""
    assert QEMU is not None
    pairs = {name: socket.socketpair() for name in ports}
    bus = "device" if machine.startswith("microvm") else "pci"
    command = [
        *(QEMU, "-M", machine, "-accel", "tcg", "-cpu", cpu, "-m", memory, "-kernel", str(kernel)),
        *("-append", tokens, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", "stdio"),
    ]
    if pairs:
        command += ["-device", f"virtio-serial-{bus},max_ports=6"]
    for name in ports:
        command += ["-chardev", f"socket,id={name},fd={pairs[name][1].fileno()}"]
        command += ["-device", f"virtserialport,name=u2k.{name},chardev={name}"]
    process = subprocess.Popen(
        [*command, *extra],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[theirs.fileno() for _, theirs in pairs.values()],
    )
    result = Result(streams={name: bytearray() for name in PORTS})
    threads = []
    for name, (ours, theirs) in pairs.items():
        theirs.close()
        work = (_feed, (ours, stdin)) if name == "in" else (_collect, (ours, name, result))
        threads.append(threading.Thread(target=work[0], args=work[1], daemon=True))
        threads[-1].start()
    try:
        if when is not None:
            _wait_until(lambda: when[0] in result.out, timeout)
            pairs["control"][0].sendall(when[1])
        result.serial = process.communicate(timeout=timeout)[0]
    finally:
        process.kill()
        result.code = process.wait()
        for thread in threads:
            thread.join(10)
        for ours, _ in pairs.values():
            ours.close()
    return result


def _feed(ours: socket.socket, data: bytes) -> None:
    try:
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the machine has ended without reading it all


def _collect(ours: socket.socket, name: str, result: Result) -> None:
    while True:
        try:
            data = ours.recv(1 << 16)
        except OSError:
            return
        if not data:
            return
        result.streams[name] += data
        for line in data.splitlines() if name == "out" and len(data) < 80 else ():
            result.arrivals.setdefault(line, time.monotonic_ns())


def _wait_until(condition: Callable[[], bool], timeout: float) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "the machine did not say what was waited for"
        time.sleep(0.01)
