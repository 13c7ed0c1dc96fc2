"""A stream that must be read out of order, kept in a file without a name while it is needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from converter.image.blobs import BlobCache
from converter.image.progress import Progress
from converter.image.sparse_file import SparseFile


def spool(
    pieces: Iterator[bytes], cache: BlobCache, progress: Progress, compressed: int, where: str
) -> BinaryIO:
    """All `pieces` in a file in the cache's folder, which is gone when it is closed.

    `compressed`: bytes that the pieces come from, 0 if not known. Errors: as `SparseFile`.
    """
    progress.start(f"Reading {where}", None)
    try:
        with cache.explained():
            stream = tempfile.TemporaryFile(dir=cache.temporary_folder(), buffering=0)  # noqa: SIM115
            sink = SparseFile(stream, cache, "sha256", compressed, where)
        try:
            for piece in pieces:
                with cache.explained():
                    sink.write(piece)
                progress.advance(len(piece))
            with cache.explained():
                sink.finish()
                stream.seek(0)
        except BaseException:
            stream.close()
            raise
        return cast(BinaryIO, stream)
    finally:
        progress.done()
