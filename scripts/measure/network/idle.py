"""What a server costs that nobody asks: CPU time of its whole tree of processes, as the tool starts it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.measure.network.guests import Subject, unikernel_file
from tests.net.machines import qemu, started

_SECONDS = 60
_LIMIT = 0.01  # of a CPU, above a halted QEMU


def idle_costs(folder: Path, subject: Subject) -> list[bool]:
    """QEMU and process, beside a QEMU that does not run at all."""
    file, _ = unikernel_file(folder, subject, "vm")
    with started([*qemu(file, "256M", "", ["-S"]), "-serial", "null"], folder / "halted.log") as machine:
        time.sleep(1)
        halted = _share(machine.pid)
    good = []
    for way in ("qemu", "process"):
        port = _free_port()
        tool = [sys.executable, "-m", "converter", "run", "--on", way]
        command = [*tool, "-p", f"127.0.0.1:{port}:{subject.port}", str(file)]
        with started(command, folder / f"{subject.name}.idle.log") as running:
            _await_pong(port, running)
            time.sleep(2)  # what a start leaves to do
            share = _share(running.pid)
            running.terminate()
            running.wait(20)
        fine = share - halted < _LIMIT
        good.append(fine)
        print(
            f"{subject.name} idle, {way:8} {100 * share:.2f} % of a CPU over {_SECONDS} s, halted QEMU "
            f"{100 * halted:.2f} % ({'within' if fine else 'NOT within'} {100 * _LIMIT:.0f} % more)",
            flush=True,
        )
    return good


def _share(root: int) -> float:
    before, start = _spent(root), time.monotonic()
    time.sleep(_SECONDS)
    return (_spent(root) - before) / 1e9 / (time.monotonic() - start)


def _spent(root: int) -> int:
    """Nanoseconds on a CPU of all threads below `root`, by schedstat (Linux, Documentation/scheduler)."""
    return sum(
        int((task / "schedstat").read_text().split()[0])
        for process in _tree(root)
        for task in Path(f"/proc/{process}/task").iterdir()
    )


def _tree(root: int) -> Iterator[int]:
    yield root
    for task in Path(f"/proc/{root}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _tree(int(child))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_pong(port: int, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and running.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(100).startswith(b"+PONG"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"no PONG from 127.0.0.1:{port}")
