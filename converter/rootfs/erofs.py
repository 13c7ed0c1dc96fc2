"""The EROFS writer: a file tree in, one image out, the layers' bytes copied straight to their blocks."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from converter.errors import IncompatibleImageError, OutputError
from converter.image.tree import FileTree, Span
from converter.rootfs import transfer
from converter.rootfs.layout import ROOT_LIMIT, Extent, ImageLayout, plan


@dataclass(frozen=True, slots=True)
class RootImage:
    """A written root image. `size` in bytes, a multiple of 4096; `digest` is `sha256:...` if asked for."""

    size: int
    files: int  # paths, directories among them
    inodes: int
    path: Path | None = None
    digest: str | None = None
    dropped_xattrs: tuple[tuple[bytes, str], ...] = ()


def build_root(tree: FileTree, path: Path, *, limit: int = ROOT_LIMIT, digest: bool = False) -> RootImage:
    """Write the tree to a new file at `path`, which is replaced if there and removed again on failure.

    Raises IncompatibleImageError (too large, or not representable; nothing is written then), SourceError
    (a blob is gone) and OutputError (disk full, no permission).
    """
    layout = plan(tree, limit=limit)
    try:
        out = path.open("w+b", buffering=0)
    except OSError as error:
        raise _not_written(error, path) from error
    try:
        with out:
            write_root(layout, out)
            out.seek(0)
            checksum = f"sha256:{hashlib.file_digest(out, 'sha256').hexdigest()}" if digest else None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return RootImage(layout.size, layout.paths, layout.inodes, path, checksum, layout.dropped_xattrs)


def write_root(layout: ImageLayout, out: BinaryIO) -> None:
    """Write a planned image (see `plan`) to `out` from where it stands; afterwards `out` stands behind it.

    A regular file must be unbuffered or flushed, and must hold nothing but zeros or a hole beyond its
    position: zeros are not written there. To anything else (a pipe, a BytesIO) every byte is written.
    """
    try:
        if transfer.is_regular(out):
            _write_file(layout, out)
        else:
            _write_stream(layout, out)
    except OSError as error:
        raise _not_written(error, None) from error


def _write_file(layout: ImageLayout, out: BinaryIO) -> None:
    fd, base = out.fileno(), out.tell()
    if os.fstat(fd).st_size < base + layout.size:
        os.ftruncate(fd, base + layout.size)
    with transfer.BlobReader() as reader:
        reader.copy(Span(0, len(layout.head), data=layout.head), fd, base)
        for extent in layout.extents:
            for span in _spans(extent):
                reader.copy(span, fd, base + extent.offset + span.at)
    out.seek(base + layout.size)


def _write_stream(layout: ImageLayout, out: BinaryIO) -> None:
    out.write(layout.head)
    position = len(layout.head)
    with transfer.BlobReader() as reader:
        for extent in layout.extents:
            for span in _spans(extent):
                for piece in transfer.zeros(extent.offset + span.at - position):
                    out.write(piece)
                for piece in reader.chunks(span):
                    out.write(piece)
                position = extent.offset + span.at + span.length
    for piece in transfer.zeros(layout.size - position):
        out.write(piece)


def _spans(extent: Extent) -> list[Span]:
    try:
        return transfer.file_spans(extent.inode)
    except ValueError as error:
        raise IncompatibleImageError(
            str(error), where=extent.path.decode("utf-8", "backslashreplace")
        ) from error


def _not_written(error: OSError, path: Path | None) -> OutputError:
    hint = None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "free some space, or write to another disk with -o"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "choose a folder you can write to with -o"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OutputError(
        f"the root image cannot be written: {reason}", where=str(path) if path else None, hint=hint
    )
