"""The host's side of published ports: bound before anything starts, so that what is taken is said in time."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from converter.errors import RunError
from converter.run.network.model import Publication, Published

_BACKLOG = 4096  # cut to net.core.somaxconn by the host


@dataclass(slots=True)
class HostPorts:
    """Bound sockets, one a published port; closed at the end of the block, or when another takes over."""

    published: tuple[Published, ...] = ()
    _sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> HostPorts:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.release()

    @property
    def shown(self) -> tuple[Published, ...]:
        """Those that somebody asked for."""
        return tuple(each for each in self.published if not each.ours)

    def listening(self) -> list[tuple[Published, int]]:
        """Each with the descriptor of its socket, where connections now may come in. Errors: RunError."""
        for port, opened in zip(self.published, self._sockets, strict=True):
            if port.protocol == "tcp":
                try:
                    opened.listen(_BACKLOG)
                except OSError as error:  # another has bound it as well, and was faster
                    raise _unusable(port.ip, port.host, port.protocol, error) from error
        return [(port, opened.fileno()) for port, opened in zip(self.published, self._sockets, strict=True)]

    def release(self) -> None:
        """Leave the ports to who binds them now: QEMU, passt."""
        for opened in self._sockets:
            opened.close()
        self._sockets.clear()


def open_ports(publications: Sequence[Publication]) -> HostPorts:
    """Bind them all. RunError when one is taken, or not ours to bind."""
    with contextlib.ExitStack() as stack:
        found, sockets = [], []
        for each in publications:
            opened, number = _bound(each)
            stack.callback(opened.close)
            sockets.append(opened)
            found.append(Published(each.guest, each.protocol, each.ip, number, each.ours))
        stack.pop_all()
        return HostPorts(tuple(found), sockets)


def _bound(wanted: Publication) -> tuple[socket.socket, int]:
    """The first port of those that may be taken; any, if none is named."""
    family = socket.AF_INET6 if wanted.ip.version == 6 else socket.AF_INET
    kind = socket.SOCK_STREAM if wanted.protocol == "tcp" else socket.SOCK_DGRAM
    ports = wanted.hosts or (0,)
    for port in ports:
        opened = socket.socket(family, kind)
        try:
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:  # what the last run left in TIME-WAIT is in nobody's way
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((str(wanted.ip), port))
            return opened, int(opened.getsockname()[1])
        except OSError as error:
            opened.close()
            if error.errno != errno.EADDRINUSE or port == ports[-1]:
                raise _unusable(wanted.ip, port, wanted.protocol, error) from error
    raise AssertionError("there is at least one port to try")


def _unusable(ip: object, port: int, protocol: str, error: OSError) -> RunError:
    hints = {
        errno.EADDRINUSE: f"see who has it with: ss -{'u' if protocol == 'udp' else 't'}lnp sport = :{port}; "
        "or publish another port of the host",
        errno.EACCES: "publish a port from 1024 up, or lower net.ipv4.ip_unprivileged_port_start",
        errno.EADDRNOTAVAIL: "name an address of this host, see: ip address",
    }
    what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be bound: {error.strerror}"
    return RunError(f"port {port}/{protocol} of {ip} {what}", where="-p", hint=hints.get(error.errno or 0))
