"""What is asked of a server to know that it serves: the same at every stop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from converter.analyze.ports import Port
from converter.errors import UsageError
from converter.link.manifest import Manifest
from converter.runs.health.reach import wanted_check
from converter.runs.health.recognise import Check, usual_check
from converter.trace.enter import sent_bytes
from converter.trace.request import Probe

_REQUEST = b"GET / HTTP/1.0\r\n\r\n"  # RFC 1945, 5.1; servers of line protocols answer it with an error
_ANY = "."


@dataclass(frozen=True, slots=True)
class Question:
    """`check` None: nothing is asked, the program is a job and its end is waited for. `text`: for people."""

    check: Check | None
    text: str


def question_for(ports: Iterable[Port], manifest: Manifest, probe: Probe | None) -> Question:
    """The user's probe; else the image's HEALTHCHECK; else what suits the first TCP port of EXPOSE.

    Raises UsageError for a probe over UDP.
    """
    if probe is not None:
        return Question(_probe_check(probe), f"the probe {probe}")
    check = wanted_check(manifest)
    if isinstance(check, Check) and check.kind == "connect":  # QEMU accepts before its guest does
        return _anything(check.port)
    if isinstance(check, Check):
        return Question(check, f"the image's HEALTHCHECK, on port {check.port}")
    first = next((port.number for port in ports if port.protocol == "tcp"), None)
    if first is None:
        return Question(None, "nothing: it is a job, and its end is waited for")
    usual = usual_check(first)
    if usual is not None:
        return Question(usual, f"what the usual clients of port {first} say first")
    return _anything(first)


def _anything(port: int) -> Question:
    return Question(Check("exchange", port, send=_REQUEST, expect=_ANY), f"GET / over HTTP, on port {port}")


def _probe_check(probe: Probe) -> Check:
    if probe.scheme == "udp":
        raise UsageError(
            "stops are compared by a TCP connection",
            where=f"--probe {probe}",
            hint="write http://:8080/path or 'tcp://:6379 PING'",
        )
    if probe.scheme in ("http", "https"):
        url = f"{probe.scheme}://localhost:{probe.port}{probe.path}"
        return Check("http", probe.port, url, insecure=True)
    send = b"" if probe.send is None else sent_bytes(probe.send) + b"\r\n"
    return Check("exchange", probe.port, send=send, expect=_ANY)
