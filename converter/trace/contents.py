"""Contents of files that a traced program wrote, kept in the cache as long as trees refer to them."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from pathlib import Path

from converter.cache.folder import cache_folder
from converter.errors import OutputError
from converter.image.tree import Span

_MAX_BYTES = 4 << 30  # of all files together
_MAX_SPANS = 1 << 20
_LEAST_FREE = 1 << 28  # bytes on the disk
_CHUNK = 64 << 20
_KEPT_SECONDS = 7 * 86400  # far longer than any conversion takes


class TooMuchChanged(Exception):  # an answer, not an error of ours: the caller goes on without
    """What was written is more than is kept; the text says what is too much."""


class KeptContents:
    """One blob for the files of one run. What no span covers is a hole."""

    def __init__(self) -> None:
        self._out = -1
        self._path = Path()
        self._spans = 0
        self.length = 0  # bytes kept so far

    def keep(self, source: int, size: int) -> tuple[Span, ...]:
        """Copy the first `size` bytes of the open file `source`.

        Errors: TooMuchChanged, OutputError when the cache cannot be written.
        """
        found, at = [], 0
        while at < size:
            try:
                at = os.lseek(source, at, os.SEEK_DATA)
                end = min(os.lseek(source, at, os.SEEK_HOLE), size)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole is left (lseek(2))
                    break
                raise
            if at >= size:
                break
            self._check(end - at)
            start = self.length
            self._copy(source, at, end)
            if self.length > start:
                found.append(Span(at, self.length - start, self._path, start))
            at = end
        return tuple(found)

    def discard(self) -> None:
        """Remove it: no tree refers to it."""
        if self._out >= 0:
            self.close()
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing more is kept."""
        if self._out >= 0:
            os.close(self._out)
            self._out = -1

    def _check(self, more: int) -> None:
        self._spans += 1
        if self.length + more > _MAX_BYTES or self._spans > _MAX_SPANS:
            raise TooMuchChanged(f"more than {_MAX_BYTES >> 30} GiB, or {_MAX_SPANS} pieces, were written")
        if self._out < 0:
            self._open()
        if shutil.disk_usage(self._path.parent).free < more + _LEAST_FREE:
            raise TooMuchChanged(f"the disk of {self._path.parent} has no room for what was written")

    def _open(self) -> None:
        folder = cache_folder("trace", "contents")
        _forget_old(folder)
        try:
            self._out, name = tempfile.mkstemp(dir=folder)
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}", where=str(folder)) from error
        self._path = Path(name)

    def _copy(self, source: int, at: int, end: int) -> None:
        while at < end:
            done = os.sendfile(self._out, source, at, min(_CHUNK, end - at))
            if done == 0:  # it has become shorter: somebody else still writes
                return
            at, self.length = at + done, self.length + done


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        try:
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink()
        except FileNotFoundError:  # another u2k was faster
            continue
