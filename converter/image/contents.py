"""Reading the contents of an inode out of the blobs that its spans point into."""

from __future__ import annotations

import bisect
import io
from pathlib import Path
from typing import BinaryIO, cast

from converter.errors import SourceError
from converter.image.tree import Inode, Span


class _SpanReader(io.RawIOBase):
    """Spans in a row with zeros between them, as one seekable stream. Blobs are opened when needed."""

    def __init__(self, spans: tuple[Span, ...], size: int) -> None:
        super().__init__()
        self._spans = spans
        self._starts = [span.at for span in spans]
        self._size = size
        self._position = 0
        self._open: tuple[Path, BinaryIO] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # mypy has no Buffer before 3.12
        want = min(len(view), self._size - self._position)
        if want <= 0:
            return 0
        found = bisect.bisect_right(self._starts, self._position) - 1
        if found >= 0 and self._position < self._spans[found].at + self._spans[found].length:
            span = self._spans[found]
            skip = self._position - span.at
            want = min(want, span.length - skip)
            self._copy(span, skip, view[:want])
        else:
            if found + 1 < len(self._spans):
                want = min(want, self._starts[found + 1] - self._position)
            view[:want] = bytes(want)
        self._position += want
        return want

    def _copy(self, span: Span, skip: int, view: memoryview) -> None:
        if span.data is not None:
            view[:] = span.data[skip : skip + len(view)]
            return
        if span.blob is None:
            raise ValueError("a span without blob and data")
        try:
            if self._open is None or self._open[0] != span.blob:
                self._close_blob()
                self._open = (span.blob, span.blob.open("rb", buffering=0))
            stream = self._open[1]
            stream.seek(span.offset + skip)
            done = 0
            while done < len(view):
                step = stream.readinto(view[done:])  # type: ignore[attr-defined]  # a FileIO
                if not step:
                    raise SourceError(
                        "the file became shorter while it was read", where=str(span.blob), hint="try again"
                    )
                done += step
        except OSError as error:
            raise SourceError(
                f"cannot read file contents: {error.strerror}", where=str(span.blob), hint="try again"
            ) from error

    def _close_blob(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        self._close_blob()
        super().close()


def open_contents(inode: Inode) -> BinaryIO:
    """A buffered, seekable stream over `inode`'s contents; holes read as zeros."""
    return cast(BinaryIO, io.BufferedReader(_SpanReader(inode.spans, inode.size), 64 << 10))
