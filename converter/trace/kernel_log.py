"""The trace that a unikernel tells on its log (libos/include/u2k/trace.h), as a record."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from converter.analyze.users import Credentials
from converter.image.tree import FileTree
from converter.trace.paths import OPENING, touched, virtual
from converter.trace.record import LIMIT, Record

PREFIX = "u2k: trace: "
# Choices of a profile by call and place of the argument; where there is one, the call's name is the choice.
_CHOICES = {
    ("socket", 0): "socket.domain",
    ("socket", 1): "socket.type",
    ("socket", 2): "socket.protocol",
    ("socketpair", 0): "socket.domain",
    ("socketpair", 1): "socket.type",
    ("clone", 0): "clone.flags",
}
_STREAM = "1"


class KernelLog:
    """Feed it lines of the log. `record` is of the program that was executed last.

    tree: the image, if it is at hand: adds the links that lead to a file
    """

    def __init__(self, executable: bytes, numbers: Mapping[int, str], tree: FileTree | None = None) -> None:
        self._numbers, self._tree = numbers, tree
        self.record = self._begin(executable)
        self.steps: list[bytes] = []  # what was executed before
        self.full = False

    def line(self, text: str) -> bool:
        """Whether it was a line of the trace; malformed ones (a cut log) are passed over."""
        if not text.startswith(PREFIX):
            return False
        words = text.removeprefix(PREFIX).split(" ")
        try:
            self._take(words[0], words[1:])
        except (ValueError, IndexError, struct.error):
            return True
        return True

    def _begin(self, executable: bytes) -> Record:
        return Record(executable, None, None, b"/", Credentials())

    def _take(self, what: str, rest: list[str]) -> None:
        if what == "call":
            name = self._name(rest[0])
            if name is not None:
                self.record.calls.setdefault(name, "")
        elif what == "value":
            name, place, value = self._name(rest[0]), int(rest[1]), str(int(rest[2]))
            if name is not None:
                self.record.choose(_CHOICES.get((name, place), name), value, name)
        elif what in ("file", "asked"):
            self._path(self._name(rest[0]) or "", unquote_to_bytes(rest[1]))
        elif what == "map":
            path = unquote_to_bytes(rest[0])
            self.record.note(self.record.libraries, path, "mapped to be executed")
        elif what == "address":
            self._address(self._name(rest[0]) or "", bytes.fromhex(rest[1]))
        elif what == "exec":
            self.steps.append(self.record.executable)
            self.record = self._begin(unquote_to_bytes(rest[0]))
        elif what == "full":
            self.full = True

    def _name(self, number: str) -> str | None:
        return self._numbers.get(int(number))

    def _path(self, name: str, path: bytes) -> None:
        made = virtual(path)
        if made is not None:
            path = made
            if name in OPENING:
                self.record.choose("open.path", path.decode("utf-8", "surrogateescape"), name)
                return
        elif self._tree is not None:
            for each in touched(self._tree, path):
                self.record.note(self.record.files, each, name)
            return
        self.record.note(self.record.files, path, name)

    def _address(self, name: str, address: bytes) -> None:
        types = {value for choice, value in self.record.arguments if choice == "socket.type"}
        text = _shown(address, "tcp" if types == {_STREAM} else "inet")
        if text is not None and len(self.record.sockets) < LIMIT:
            self.record.sockets.setdefault(f"{text} {name}", name)


def _shown(address: bytes, kind: str) -> str | None:
    """`unix /run/x`, `tcp 0.0.0.0:80`: a sockaddr as in the memory of a little-endian machine."""
    (family,) = struct.unpack_from("<H", address)
    if family == socket.AF_UNIX:
        path = address[2:]
        if path.startswith(b"\0"):
            return "unix @" + path[1:].decode("utf-8", "surrogateescape")
        return "unix " + path.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    if family == socket.AF_INET:
        (port,) = struct.unpack_from(">H", address, 2)
        return f"{kind} {socket.inet_ntop(socket.AF_INET, address[4:8])}:{port}"
    if family == socket.AF_INET6:
        (port,) = struct.unpack_from(">H", address, 2)
        return f"{kind} [{socket.inet_ntop(socket.AF_INET6, address[8:24])}]:{port}"
    return f"family {family}" if family else None
