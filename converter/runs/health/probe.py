"""One check of a server: None if it is well, else what is wrong."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from urllib.parse import urlsplit

from converter.runs.health.recognise import Check

_LONGEST = 1 << 16  # bytes of an answer that are looked at


def probe(check: Check, host: str, port: int, seconds: float) -> str | None:
    """Ask `host`:`port` what `check` has. Never raises for what a server does."""
    try:
        if check.kind == "http":
            return _http(check, host, port, seconds)
        with socket.create_connection((host, port), seconds) as client:
            return None if check.kind == "connect" else _exchange(check, client, time.monotonic() + seconds)
    except TimeoutError:
        return f"no answer in {seconds:g} s"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return str(error) or type(error).__name__


def _http(check: Check, host: str, port: int, seconds: float) -> str | None:
    parts = urlsplit(check.url)
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if check.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection.sock = context.wrap_socket(
            socket.create_connection((host, port), seconds), server_hostname=parts.hostname or "localhost"
        )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(check.method, path, skip_host=True, skip_accept_encoding=True)
        given = [header.partition(":") for header in check.headers]
        headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "u2k", "Accept": "*/*"}
        headers.update({name.strip(): value.strip() for name, _, value in given})
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        if check.strict and answer.status >= 400:
            return f"HTTP status {answer.status}"
        body = answer.read(_LONGEST) if check.wanted else b""
    finally:
        connection.close()
    return None if check.wanted.encode() in body else f"the answer lacks {check.wanted!r}"


def _exchange(check: Check, client: socket.socket, deadline: float) -> str | None:
    if check.send:
        client.sendall(check.send)
    answer = b""
    while (
        not re.match(check.expect, answer.decode("latin-1"), re.DOTALL) or check.wanted.encode() not in answer
    ):
        client.settimeout(max(deadline - time.monotonic(), 0.001))
        data = client.recv(4096)
        if not data or len(answer) > _LONGEST:
            return f"it answers {answer[:60]!r}" if answer else "it closes the connection without an answer"
        answer += data
    return None
