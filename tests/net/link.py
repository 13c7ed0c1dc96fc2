"""Links that carry frames between a scripted peer and a TCP/IP stack: the host's Linux, or a unikernel's."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI, _IFF_VNET_HDR = 0x400454CA, 2, 0x1000, 0x4000
_CLONE_NEWNET = 0x40000000
_FRAME_MAX = 65536 + 64


class Link(Protocol):
    """Frames from their Ethernet header on."""

    def send(self, frame: bytes) -> None: ...

    def receive(self, seconds: float) -> bytes | None:
        """The next frame, None if none comes in that time."""
        ...

    def fileno(self) -> int: ...


class TapLink:
    """The far end of a tap device, whose near end the host's stack has."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def send(self, frame: bytes) -> None:
        os.write(self._descriptor, frame)

    def receive(self, seconds: float) -> bytes | None:
        if not select.select([self._descriptor], [], [], max(0.0, seconds))[0]:
            return None
        return os.read(self._descriptor, _FRAME_MAX)


class StreamLink:
    """Frames on a stream socket, each behind its length: QEMU's `-netdev stream` and passt's form."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._read = b""

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, frame: bytes) -> None:
        self._end.sendall(struct.pack("!I", len(frame)) + frame)

    def receive(self, seconds: float) -> bytes | None:
        while True:
            if len(self._read) >= 4:
                (length,) = struct.unpack_from("!I", self._read)
                if len(self._read) >= 4 + length:
                    frame, self._read = self._read[4 : 4 + length], self._read[4 + length :]
                    return frame
            if not select.select([self._end], [], [], max(0.0, seconds))[0]:
                return None
            more = self._end.recv(1 << 20)
            if not more:
                return None
            self._read += more


def open_tap(name: str, offloads: bool = False) -> int:
    """The descriptor of tap `name` (made if there is none) in the present network namespace."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    bits = _IFF_TAP | _IFF_NO_PI | (_IFF_VNET_HDR if offloads else 0)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), bits))
    return descriptor


class Namespace:
    """A network namespace of ours, by ip-netns(8): it goes with the tests, whatever happens in it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: str) -> str:
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *command], check=True, capture_output=True, text=True
        )
        return done.stdout

    def command(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]

    def ip(self, *arguments: str) -> None:
        subprocess.run(["ip", "-n", self.name, *arguments], check=True, capture_output=True)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is in the namespace: what it opens is of there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/proc/thread-self/ns/net").open() as home, Path("/run/netns", self.name).open() as there:
            if libc.setns(there.fileno(), _CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns", self.name)
            try:
                yield
            finally:
                libc.setns(home.fileno(), _CLONE_NEWNET)

    def tap(self, name: str, offloads: bool = False) -> int:
        with self.entered():
            return open_tap(name, offloads)


@contextlib.contextmanager
def namespace(name: str) -> Iterator[Namespace]:
    """A new one with its loopback up. Its name is told apart by the process's number."""
    own = f"{name}-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", own], check=True, capture_output=True)
    try:
        made = Namespace(own)
        made.ip("link", "set", "lo", "up")
        yield made
    finally:
        subprocess.run(["ip", "netns", "delete", own], check=False, capture_output=True)


def can_make_networks() -> str | None:
    """Why not, or None: namespaces and taps need root and iproute2."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is not here"
    try:
        with namespace("u2k-can") as there:
            os.close(there.tap("t0"))
    except (OSError, subprocess.CalledProcessError) as error:
        return f"network namespaces or taps cannot be made here: {error}"
    return None
