"""Commands that run a unikernel file without the tool, so that a measurement or a relay can have its ends."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.net.link import Namespace

MAC = "52:54:00:78:00:02"


def ip_token(address: str, gateway: str) -> str:
    """The library OS's own configuration, in Linux's form (u2k/boot.h)."""
    return f"ip={address}::{gateway}:255.255.255.0::eth0:off"


def tap_device(name: str) -> list[str]:
    return ["-netdev", f"tap,id=n0,ifname={name},script=no,downscript=no", *_DEVICE]


def stream_device(descriptor: int) -> list[str]:
    """Frames behind their lengths on a connected stream socket; such a device has no offloads."""
    return ["-netdev", f"socket,id=n0,fd={descriptor}", *_DEVICE]


_DEVICE = ["-device", f"virtio-net-pci,netdev=n0,mac={MAC}"]


def qemu(kernel: Path, memory: str, line: str, more: Sequence[str], machine: str = "pc") -> list[str]:
    """One emulated CPU; `-M pc`, where Debian's kernel and ours both find all devices."""
    return [
        *("qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", memory),
        *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
        *("-kernel", str(kernel), "-append", line),
        *("-object", "rng-random,id=r0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r0"),
        *more,
    ]


def unikernel_streams(log: Path) -> list[str]:
    """The library OS's streams as files beside `log`."""
    more = ["-serial", f"file:{log}.serial", "-device", "virtio-serial-pci"]
    for port in ("control", "in", "out", "err", "log"):
        backend = f"null,id={port}" if port in ("control", "in") else f"file,id={port},path={log}.{port}"
        more += ["-chardev", backend, "-device", f"virtserialport,chardev={port},name=u2k.{port}"]
    return more


def said(log: Path) -> str:
    """The ends of all that was said."""
    parts = sorted(log.parent.glob(f"{log.name}*"))
    return "\n".join(f"{part.name}: {part.read_text(errors='replace')[-1500:]}" for part in parts)


@contextlib.contextmanager
def started(
    command: Sequence[str], log: Path, where: Namespace | None = None, pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """The command in `where`, killed in the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            where.command(*command) if where else list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_port(
    where: Namespace,
    process: subprocess.Popen[bytes],
    address: str,
    port: int,
    log: Path,
    seconds: float = 60,
) -> None:
    """Somebody accepts connections there. RuntimeError, with the log, if nobody does."""
    probe = f"import socket; socket.create_connection(({address!r}, {port}), 0.5).close()"
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        done = subprocess.run(where.command("python3", "-c", probe), capture_output=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.2)
    raise RuntimeError(f"nothing answers at {address}:{port}:\n{said(log)}")
