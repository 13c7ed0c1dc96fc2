"""Run as a program of its own: go into the network of a sandbox, then ask, run a script, or prepare it.

    python -I enter.py PID USERNS ports              low ports for everybody, as container engines have it
    python -I enter.py PID USERNS ask SCHEME HOST PORT SECONDS PATH-OR-TEXT
    python -I enter.py PID USERNS run COMMAND...

PID is a process of the sandbox. USERNS is `user` when only the user namespace that its network belongs to
gives the right to enter, else `-`. `ask` prints what answered in one line and ends with 0, or says why not
and ends with 1.
"""

from __future__ import annotations

import ctypes
import fcntl
import http.client
import os
import re
import socket
import ssl
import sys
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_NS_GET_USERNS = 0xB701  # ioctl_ns(2): the user namespace that a namespace belongs to
_ANSWER = 4096  # bytes that are read at the most
_ESCAPE = re.compile(rb"\\(?:([rnt\\])|x([0-9a-fA-F]{2}))")
_PLAIN = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}
_LOW_PORTS = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def main(arguments: list[str]) -> int:
    pid, user, verb, rest = int(arguments[0]), arguments[1] == "user", arguments[2], arguments[3:]
    try:
        _join_network(pid, user)
    except OSError as error:
        print(f"the sandbox cannot be entered: {error.strerror}")
        return 2
    if verb == "ports":
        _LOW_PORTS.write_text("0")
        return 0
    if verb == "run":
        os.execvp(rest[0], rest)  # noqa: S606
    scheme, host, port, seconds, text = rest[0], rest[1], int(rest[2]), float(rest[3]), rest[4]
    try:
        print(_ask(scheme, host, port, seconds, text))
    except (OSError, http.client.HTTPException) as error:
        print(str(error) or type(error).__name__)
        return 1
    return 0


def _join_network(pid: int, user: bool) -> None:
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if user:
            # Not the process's own, which bubblewrap makes inside of that one.
            owner = fcntl.ioctl(network, _NS_GET_USERNS)
            _join(owner, _CLONE_NEWUSER)
            os.close(owner)
        _join(network, _CLONE_NEWNET)
    finally:
        os.close(network)


def _join(namespace: int, kind: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, kind) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ask(scheme: str, host: str, port: int, seconds: float, text: str) -> str:
    if scheme in ("http", "https"):
        return _web(scheme, host, port, seconds, text)
    kind = socket.SOCK_STREAM if scheme == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as end:
        end.settimeout(seconds)
        end.connect((host, port))
        if not text:
            return "connected"
        end.sendall(sent_bytes(text) + b"\r\n")
        answer = end.recv(_ANSWER)
    if not answer:
        raise ConnectionError("it closed the connection without an answer")
    return "answered " + ascii(answer[:60])


def sent_bytes(text: str) -> bytes:
    """The text, with \\r, \\n, \\t, \\\\ and \\xNN as the bytes that they stand for."""
    return _ESCAPE.sub(
        lambda match: bytes.fromhex(match[2].decode()) if match[2] else _PLAIN[match[1]],
        text.encode("utf-8", "surrogateescape"),
    )


def _web(scheme: str, host: str, port: int, seconds: float, path: str) -> str:
    if scheme == "http":
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    else:
        # Whoever made the certificate, it is the program in our own sandbox that answers.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    try:
        connection.request("GET", path, headers={"Host": "localhost", "User-Agent": "u2k"})
        response = connection.getresponse()
        while response.read(_ANSWER):
            pass
        return f"status {response.status}"
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
