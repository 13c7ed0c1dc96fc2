"""Questions that a server is asked, and what it has to answer: for fixtures, and of the corpus."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 5.0  # seconds for an answer


@dataclass(frozen=True)
class Probe:
    """Bytes and a pattern of the answer, or an HTTP request, its status and a pattern of the body."""

    expect: str
    send: bytes | None = None
    request: str | None = None  # METHOD PATH
    body: bytes | None = None
    status: int | None = None
    udp: bool = False

    def ask(self, host: str, port: int) -> str | None:
        """What is wrong with the answer; None: nothing."""
        if self.request is not None:
            return self._http(host, port)
        if self.udp:
            return self._datagram(host, port)
        with socket.create_connection((host, port), _PATIENCE) as connection:
            if self.send:
                connection.sendall(self.send)
            return self._answer(connection)

    def _answer(self, connection: socket.socket) -> str | None:
        connection.settimeout(_PATIENCE)
        got = b""
        while not re.search(self.expect.encode(), got, re.DOTALL):
            try:
                more = connection.recv(65536)
            except TimeoutError:
                more = b""
            if not more:
                return f"{self.send!r}: {got[:300]!r} is not {self.expect!r}"
            got += more
        return None

    def _datagram(self, host: str, port: int) -> str | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.connect((host, port))
            end.send(self.send or b"")
            return self._answer(end)

    def _http(self, host: str, port: int) -> str | None:
        assert self.request is not None
        method, path = self.request.split(" ", 1)
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
        try:
            connection.request(method, path, body=self.body)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if self.status is not None and answer.status != self.status:
            return f"{self.request}: status {answer.status}, not {self.status}"
        if not re.search(self.expect, text, re.DOTALL):
            return f"{self.request}: {text[:300]!r} is not {self.expect!r}"
        return None


@dataclass(frozen=True)
class Server:
    """An image's server: its port and its probes. `args` instead of the image's CMD."""

    port: int
    probes: Sequence[Probe]
    args: Sequence[str] = ()


# nginx and lighttpd are asked in the corpus: their fixtures want a certificate that is made at their start.
FIXTURES = {
    "redis": Server(
        6379,
        (
            Probe(send=b"PING\r\n", expect=r"\+PONG\r\n"),
            Probe(send=b"SET k v1\r\nINCR n\r\nGET k\r\n", expect=r"\+OK\r\n:\d+\r\n\$2\r\nv1\r\n"),
        ),
        ("/etc/redis.conf", "--protected-mode", "no"),  # who asks is not on its loopback interface
    ),
    "memcached": Server(
        11211,
        (
            Probe(send=b"set a 0 0 3\r\nxyz\r\nget a\r\n", expect="STORED\r\nVALUE a 0 3\r\nxyz\r\nEND"),
            Probe(send=b"\0\1\0\0\0\1\0\0version\r\n", expect="VERSION", udp=True),
        ),
    ),
}


def from_corpus(recipe: Path) -> Server:
    """A recipe's probes; those that run a program of the image are left to the corpus' own check."""
    meta = json.loads((recipe / "meta.json").read_text())
    probes = []
    for each in meta["probes"]:
        if "http" in each:
            body = each["body"].encode() if "body" in each else None
            probes.append(
                Probe(
                    request=each["http"], body=body, status=each.get("status"), expect=each.get("expect", "")
                )
            )
        elif "tcp" in each:
            probes.append(Probe(send=each["tcp"].encode(), expect=each["expect"]))
        elif "banner" in each:
            probes.append(Probe(expect=each["banner"]))
    return Server(int(meta["port"]), tuple(probes))


def await_server(server: Server, host: str, port: int, seconds: float) -> bool:
    """Whether its first probe is answered within that time.

    An accepted connection says nothing: QEMU's user network accepts before there is a guest.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if server.probes[0].ask(host, port) is None:
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    return False
