"""Bring file bytes from the blob cache into an image: inside the kernel if it can, in large chunks if not."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from converter.errors import SourceError
from converter.image.tree import Inode, Span

CHUNK = 1 << 20  # bytes held in memory at a time
_NO_COPY_RANGE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM}
_ZEROS = bytes(CHUNK)


class BlobReader:
    """Open blobs, each opened once however many files lie in it. A context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: dict[Path, int] = {}
        self._copy_range = hasattr(os, "copy_file_range")

    def __enter__(self) -> BlobReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def descriptor(self, blob: Path) -> int:
        """A read-only descriptor of the blob. Raises SourceError if it is gone from the cache."""
        if (fd := self._open.get(blob)) is None:
            try:
                fd = os.open(blob, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise _lost(blob, os.strerror(error.errno or errno.EIO)) from error
            self._stack.callback(os.close, fd)
            self._open[blob] = fd
        return fd

    def chunks(self, span: Span) -> Iterator[bytes]:
        """The span's bytes, in pieces of at most CHUNK."""
        if span.blob is None:
            data = memoryview(span.data or b"")[: span.length]
            if len(data) < span.length:
                raise ValueError("span holds fewer bytes than it says")
            yield bytes(data)
            return
        fd, offset, left = self.descriptor(span.blob), span.offset, span.length
        while left:
            piece = os.pread(fd, min(CHUNK, left), offset)
            if not piece:
                raise _lost(span.blob, "the blob ends early")
            yield piece
            offset, left = offset + len(piece), left - len(piece)

    def copy(self, span: Span, out: int, offset: int) -> None:
        """Write the span at `offset` of the regular file `out`, inside the kernel if possible."""
        done = 0
        if span.blob is not None and self._copy_range:
            source = self.descriptor(span.blob)
            while done < span.length:
                try:
                    count = os.copy_file_range(
                        source, out, span.length - done, span.offset + done, offset + done
                    )
                except OSError as error:
                    if error.errno not in _NO_COPY_RANGE:
                        raise
                    self._copy_range = False
                    break
                if count == 0:
                    raise _lost(span.blob, "the blob ends early")
                done += count
        if done < span.length:
            rest = Span(span.at + done, span.length - done, span.blob, span.offset + done, span.data)
            for piece in self.chunks(rest):
                _write_at(out, piece, offset + done)
                done += len(piece)


def file_spans(inode: Inode) -> list[Span]:
    """The spans of a regular file, ascending. Raises ValueError if they overlap or leave the file."""
    spans = sorted((span for span in inode.spans if span.length), key=lambda span: span.at)
    end = 0
    for span in spans:
        if span.at < end or span.at + span.length > inode.size:
            raise ValueError("spans overlap or reach beyond the file")
        end = span.at + span.length
    return spans


def is_regular(out: BinaryIO) -> bool:
    """Whether `out` is a regular file that can be written by offset."""
    try:
        return stat.S_ISREG(os.fstat(out.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def zeros(count: int) -> Iterator[bytes]:
    """`count` zero bytes, in pieces of at most CHUNK."""
    for at in range(0, count, CHUNK):
        yield _ZEROS[: count - at]


def _write_at(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(fd, view, offset)
        view, offset = view[count:], offset + count


def _lost(blob: Path, why: str) -> SourceError:
    return SourceError(
        f"a layer in the blob cache cannot be read: {why}", where=str(blob), hint="convert again"
    )
