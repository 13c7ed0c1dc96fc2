"""What a trace is asked to be: how the program is exercised, and when it is enough."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from converter.errors import UsageError

_WEB = {"http": 80, "https": 443}
_SOCKETS = ("tcp", "udp")
_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")
_SECONDS = 60.0
_HINT = 'write it like http://:8080/path, tcp://:6379 or "tcp://:6379 PING"'


@dataclass(frozen=True, slots=True)
class Probe:
    """One question to the program. `send`: what is sent over tcp or udp, with CRLF behind it.

    It may have \\r, \\n, \\t, \\\\ and \\xNN in it, for lines and bytes that a command line does not have.
    """

    scheme: str  # http, https, tcp, udp
    host: str
    port: int
    path: str = ""  # of http and https, with its query
    send: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        text = f"{self.scheme}://{host}:{self.port}{self.path}"
        return text if self.send is None else f"{text} {self.send}"


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """`probes` are asked in this order, then `exercises` (host scripts) run, then the program is stopped.

    With neither: until the program ends, or does nothing new for some seconds.
    seconds: the longest that it may take all in all
    """

    probes: tuple[Probe, ...] = ()
    exercises: tuple[Path, ...] = ()
    seconds: float = _SECONDS

    def words(self) -> list[str]:
        """The command line that asks for it."""
        asked = [word for probe in self.probes for word in ("--probe", str(probe))]
        asked += [word for script in self.exercises for word in ("--exercise", str(script))]
        return (asked or ["--trace"]) + (
            [] if self.seconds == _SECONDS else ["--trace-seconds", f"{self.seconds:g}"]
        )


def parse_probe(text: str) -> Probe:
    """A probe as the command line has it. UsageError when it makes no sense, with what would."""
    address, _, send = text.strip().partition(" ")
    if re.search(r"[^!-~]", address):
        raise UsageError(
            f"{text!r} has characters that no address has", where="--probe", hint="encode them, like %20"
        )
    try:
        url = urlsplit(address)
        host, port = url.hostname or "", url.port
    except ValueError as error:
        raise UsageError(f"{text!r} is no probe: {error}", where="--probe", hint=_HINT) from error
    if url.scheme not in _WEB and url.scheme not in _SOCKETS:
        raise UsageError(f"{text!r} begins with no known scheme", where="--probe", hint=_HINT)
    if host not in _LOOPBACK:
        raise UsageError(
            f"{host} cannot be reached: the program has a loopback and no other network",
            where="--probe",
            hint="leave the host out: " + address.replace(host, "", 1),
        )
    if port is None:
        port = _WEB.get(url.scheme)
    if not port:
        raise UsageError(f"{text!r} names no port", where="--probe", hint=_HINT)
    web = url.scheme in _WEB
    if web and send:
        raise UsageError(f"{text!r}: a web address takes no text to send", where="--probe", hint=_HINT)
    path = ""
    if web:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    elif url.path not in ("", "/"):
        raise UsageError(f"{text!r}: {url.scheme} has no paths", where="--probe", hint=_HINT)
    return Probe(url.scheme, "::1" if host == "::1" else "127.0.0.1", port, path, send or None)


def checked_exercise(path: Path) -> Path:
    """A script of the host's that can be run. UsageError otherwise."""
    if not path.is_file():
        raise UsageError(
            "there is no such script", where=str(path), hint="--exercise names a program or script"
        )
    with path.open("rb") as file:
        head = file.read(4)
    if not head.startswith((b"#!", b"\x7fELF")):
        raise UsageError(
            "this is no program, and no script with an interpreter",
            where=str(path),
            hint="let its first line be #!/bin/sh",
        )
    return path.resolve()
