"""How much of a file goes over a wire: its size by gzip, counted and not kept."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from converter.errors import SourceError
from converter.image.progress import Progress
from converter.image.tree import Span

_LEVEL = 6  # of gzip(1) by default, and of docker push
_GZIP = 31  # zlib.h, windowBits: the format of gzip
_PIECE = 1 << 20


def packed_sizes(spans: Sequence[Span], progress: Progress) -> list[int]:
    """Of each span of a file, compressed by itself. zlib works beside Python, so on all processors.

    Raises SourceError when a file is gone.
    """
    progress.start("compressing, to know the size", sum(span.length for span in spans))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sizes = []
        for span, size in zip(spans, pool.map(_packed_size, spans), strict=True):
            sizes.append(size)
            progress.advance(span.length)
    progress.done()
    return sizes


def _packed_size(span: Span) -> int:
    packer, size, left = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP), 0, span.length
    if span.blob is None:
        raise ValueError("a span of no file")
    try:
        with span.blob.open("rb") as stream:
            stream.seek(span.offset)
            while left > 0 and (data := stream.read(min(left, _PIECE))):
                size += len(packer.compress(data))
                left -= len(data)
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror}", where=str(span.blob), hint="try again"
        ) from error
    return size + len(packer.flush())
