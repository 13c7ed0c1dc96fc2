"""The output of a run on disk: pieces with their stream and time, the stream's order kept.

The file is a sequence of frames: stream (1 output, 2 error), three zeros, length and nanoseconds since 1970,
both big-endian, then `length` bytes. The first eight bytes are those of docker's own multiplexed streams.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

LOG = "log"
_FRAME = struct.Struct(">B3xIQ")
_CHUNK = 1 << 16
_PAUSE = 0.1  # seconds between two looks at a log that is followed


@dataclass(frozen=True, slots=True)
class Piece:
    """What came at once."""

    stream: int
    time: int  # nanoseconds since 1970
    data: bytes


@dataclass(slots=True)
class Recorder:
    """Takes over standard output and error of this process, from `begin` on, until `finish`."""

    path: Path
    _file: int = -1
    _ends: list[int] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Nobody carries anything yet: threads and fork(2) do not go together, so who starts programs does
        that first. What is said until `carry` waits in the pipes.
        """
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for stream in (1, 2):
            read_end, write_end = os.pipe()
            os.dup2(write_end, stream)
            os.close(write_end)
            self._ends.append(read_end)

    def carry(self) -> None:
        """Start writing down what comes."""
        if self._threads:
            return
        for stream, end in enumerate(self._ends, 1):
            thread = threading.Thread(target=self._carry, args=(stream, end), daemon=True)
            thread.start()
            self._threads.append(thread)

    def finish(self) -> None:
        """All that was said is in the file when this returns."""
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        self.carry()
        for thread in self._threads:
            thread.join()

    def _carry(self, stream: int, end: int) -> None:
        while data := os.read(end, _CHUNK):
            frame = _FRAME.pack(stream, len(data), time.time_ns()) + data
            try:
                with self._lock:
                    _write(self._file, frame)
            except OSError:
                continue  # the disk is full: the program goes on, what it says is lost


def _write(file: int, data: bytes) -> None:
    """All of it or, when the disk gets full, none: the next frame must be found."""
    size = os.fstat(file).st_size
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        os.ftruncate(file, size)
        raise


def pieces(file: BinaryIO) -> Iterator[Piece]:
    """From where the file stands to its end. A frame that is still being written stays for the next time."""
    while True:
        start = file.tell()
        head = file.read(_FRAME.size)
        if len(head) == _FRAME.size:
            stream, length, when = _FRAME.unpack(head)
            data = file.read(length)
            if len(data) == length and stream in (1, 2):
                yield Piece(stream, when, data)
                continue
        file.seek(start)
        return


def last_lines(file: BinaryIO, count: int) -> list[Piece]:
    """The last `count` lines of all that is there; a line is what one stream calls so, ended or not."""
    lines: deque[Piece] = deque(maxlen=count)
    begun: dict[int, bytes] = {}
    for piece in pieces(file):
        *whole, rest = (begun.pop(piece.stream, b"") + piece.data).split(b"\n")
        lines.extend(Piece(piece.stream, piece.time, line + b"\n") for line in whole)
        if rest:
            begun[piece.stream] = rest
    lines.extend(Piece(stream, time.time_ns(), rest) for stream, rest in begun.items())
    return list(lines)


def followed(path: Path, tail: int | None, ended: threading.Event | None) -> Iterator[Piece]:
    """What is in the log, or its last `tail` lines; then what comes, until `ended`. None: does not wait."""
    with path.open("rb") as file:
        yield from pieces(file) if tail is None else last_lines(file, tail)
        while ended is not None:
            last = ended.wait(_PAUSE)
            yield from pieces(file)
            if last:
                return
