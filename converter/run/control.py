"""The control port between host and virtual machine: libos/include/u2k/control.h in Python."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

SIGNAL = 1
WINDOW = 2
EXIT = 0x101
PANIC = 0x102
_HEADER = struct.Struct("<HH")


def signal_message(number: int) -> bytes:
    """Ask the library OS to give the program signal `number`."""
    return _HEADER.pack(SIGNAL, 4) + struct.pack("<I", number)


def window_message(rows: int, columns: int) -> bytes:
    """Tell the terminal's size."""
    return _HEADER.pack(WINDOW, 4) + struct.pack("<HH", rows, columns)


@dataclass(slots=True)
class MessageReader:
    """Cuts a byte stream into messages; what is incomplete waits for the rest."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Each (type, contents) that is whole now."""
        self._rest += data
        while len(self._rest) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._rest)
            end = _HEADER.size + length
            if len(self._rest) < end:
                return
            contents = bytes(self._rest[_HEADER.size : end])
            del self._rest[:end]
            yield kind, contents


def exit_status(contents: bytes) -> int | None:
    """The status in an EXIT message, None if it is malformed."""
    return struct.unpack_from("<I", contents)[0] & 0xFF if len(contents) >= 4 else None
