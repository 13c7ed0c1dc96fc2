"""Sockets of a trace: what each was made as, and which addresses it got."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from converter.trace.strace import string

_FAMILY = re.compile(r"sa_family=(?P<family>\w+)")
_PORT = re.compile(r"htons\((?P<port>\d+)\)")
_HOST = re.compile(r'"(?P<host>[0-9a-fA-F:.%]+)"')
_UNIX = re.compile(r'sun_path=(?P<abstract>@?)(?P<path>"(?:[^"\\]|\\.)*")')
_TYPE = re.compile(r"SOCK_\w+")
_FLAGS = ("SOCK_CLOEXEC", "SOCK_NONBLOCK")
_SHORT = {"SOCK_STREAM": "tcp", "SOCK_DGRAM": "udp", "SOCK_RAW": "raw"}
_UNIX_FAMILIES = ("AF_UNIX", "AF_LOCAL")
_INTERNET = ("AF_INET", "AF_INET6")
LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Socket:
    domain: str  # AF_INET
    type: str  # SOCK_STREAM


def socket_type(argument: str) -> str:
    """SOCK_STREAM of `SOCK_STREAM|SOCK_CLOEXEC`."""
    found = [name for name in _TYPE.findall(argument) if name not in _FLAGS]
    return found[0] if found else argument


@dataclass(slots=True)
class Sockets:
    """All sockets of a sandbox; `socket:[N]` names one whichever process or descriptor it is used by."""

    _known: dict[bytes, Socket] = field(default_factory=dict)
    _bound: dict[bytes, str] = field(default_factory=dict)
    listening: dict[int, None] = field(default_factory=dict)  # TCP ports, in the order of listen(2)

    def made(self, name: bytes, domain: str, kind: str) -> None:
        if len(self._known) < LIMIT:
            self._known[name] = Socket(domain, kind)

    def bound(self, name: bytes, address: str) -> str | None:
        """`udp 0.0.0.0:53 bind` for sockets that need no listen(2); the address is kept for the others."""
        text = self._shown(name, address)
        if text is None:
            return None
        if len(self._bound) < LIMIT:
            self._bound[name] = text
        known = self._known.get(name)
        return (
            f"{text} bind" if known is None or known.type not in ("SOCK_STREAM", "SOCK_SEQPACKET") else None
        )

    def listens(self, name: bytes) -> str:
        """`tcp 0.0.0.0:6379 listen`."""
        text = self._bound.get(name, self._kind(name))
        if text.startswith("tcp ") and text.rpartition(":")[2].isdigit():
            self.listening[int(text.rpartition(":")[2])] = None
        return f"{text} listen"

    def connects(self, name: bytes, address: str) -> str | None:
        """`unix /run/x.sock connect`."""
        text = self._shown(name, address)
        return None if text is None else f"{text} connect"

    def _kind(self, name: bytes) -> str:
        known = self._known.get(name)
        if known is None:
            return "socket"
        if known.domain in _UNIX_FAMILIES:
            return "unix"
        return _SHORT.get(known.type, known.type) if known.domain in _INTERNET else known.domain

    def _shown(self, name: bytes, address: str) -> str | None:
        family = _FAMILY.search(address)
        if family is None or family["family"] == "AF_UNSPEC":
            return None
        if family["family"] in _UNIX_FAMILIES:
            found = _UNIX.search(address)
            path = string(found["path"]) if found else None
            if found is None or path is None:
                return "unix"
            return f"unix {found['abstract']}{path.decode('utf-8', 'surrogateescape')}"
        port, host = _PORT.search(address), _HOST.search(address)
        if family["family"] not in _INTERNET or port is None:
            return family["family"]
        shown = host["host"] if host else "*"
        shown = f"[{shown}]" if ":" in shown else shown
        return f"{self._kind(name)} {shown}:{port['port']}"
