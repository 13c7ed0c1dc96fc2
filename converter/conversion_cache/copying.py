"""A copy of a file as the kernel does it best: by shared blocks where the file system has them."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

from converter.output import whole_file

_PIECE = 1 << 30  # bytes asked for at once


def copy_file(source: Path, target: Path) -> None:
    """`target` becomes an executable copy of `source`, whole or not at all. Errors: OutputError."""
    with source.open("rb", buffering=0) as given, whole_file(target) as out:
        if not _copied_by_kernel(given.fileno(), out.fileno(), os.fstat(given.fileno()).st_size):
            _copied_here(given, out)


def _copied_by_kernel(source: int, target: int, size: int) -> bool:
    """By copy_file_range(2), which clones on Btrfs and XFS. False, with nothing written: it cannot here."""
    done = 0
    while done < size:
        try:
            count = os.copy_file_range(source, target, min(_PIECE, size - done))
        except (AttributeError, OSError):
            if done:
                raise
            return False  # not Linux, another file system in an old kernel (EXDEV), or one that cannot
        if count == 0:
            if done:
                raise OSError(errno.EIO, "it became shorter while it was copied")
            return False  # a file system that only seems to know the call
        done += count
    return True


def _copied_here(source: BinaryIO, target: BinaryIO) -> None:
    source.seek(0)
    while piece := source.read(1 << 20):
        view = memoryview(piece)
        while view:
            view = view[target.write(view) :]
