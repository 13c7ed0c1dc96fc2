"""From a layer as stored to its plain tar in a file: decompressed once, verified, cached, indexed."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from converter.image.blobs import BlobCache
from converter.image.decompress import compression_of, decompressed
from converter.image.digest import wrong_digest
from converter.image.layer_index import LayerIndex, dump_index, index_layer, load_index
from converter.image.model import Layer
from converter.image.progress import Progress
from converter.image.sparse_file import SparseFile
from converter.image.tree import Span

_LOG = logging.getLogger("u2k")
_AHEAD = 8  # pieces (of some hundred KiB) that decompression may be ahead of hashing and writing


def open_layer(layer: Layer, cache: BlobCache, progress: Progress) -> LayerIndex:
    """Where the layer's plain tar lies, and what is in it.

    Errors: SourceError (damaged, wrong digest, not a tar, a bomb), IncompatibleImageError (paths out
    of the root), OutputError (disk full).
    """
    place = plain_layer(layer, cache, progress)
    if place.blob is None:
        raise ValueError("a plain layer without a file")
    saved = load_index(cache.index_path(layer.diff_id), place.length)
    if saved is None:
        saved = index_layer(place.blob, place.offset, place.length, layer.name)
        with cache.writing(cache.index_path(layer.diff_id)) as stream:
            stream.write(dump_index(saved, place.length))
    return LayerIndex(place.blob, place.offset, saved)


def plain_layer(layer: Layer, cache: BlobCache, progress: Progress) -> Span:
    """Where the layer's plain tar lies, whole and verified. Errors: SourceError, OutputError (disk full)."""
    final = cache.layer_path(layer.diff_id)
    if final.is_file():
        _LOG.info("%s: from the cache", layer.name)
        with suppress(OSError):
            os.utime(final)  # what was used lately is not pruned
        return Span(0, final.stat().st_size, final)
    if layer.plain is not None and _is_plain(layer):
        _LOG.info("%s: uncompressed, read in place", layer.name)
        _verify_inplain_layer(layer, progress)
        return layer.plain
    with cache.writing(final) as stream:
        sink = SparseFile(stream, cache, layer.diff_id.partition(":")[0], layer.size, layer.name)
        with cache.explained():
            _decompress(layer, sink, progress)
        found = sink.finish()
        if found != layer.diff_id:
            raise wrong_digest(layer.diff_id, found, f"{layer.name}, decompressed")
    _LOG.info("%s: %d bytes decompressed to %d", layer.name, layer.size, sink.size)
    return Span(0, sink.size, final)


def _decompress(layer: Layer, sink: SparseFile, progress: Progress) -> None:
    """zlib and hashlib let go of the interpreter lock, so two cores decompress and write at once."""
    progress.start(f"Unpacking {layer.name}", None)
    waiting: deque[Future[None]] = deque()
    try:
        with layer.open() as stream, ThreadPoolExecutor(1) as writer:
            for piece in decompressed(stream, layer.name):
                waiting.append(writer.submit(sink.write, piece))
                progress.advance(len(piece))
                if len(waiting) > _AHEAD:
                    waiting.popleft().result()
            for future in waiting:
                future.result()
    finally:
        progress.done()


def _is_plain(layer: Layer) -> bool:
    with layer.open() as stream:
        return compression_of(stream.read(6)) == "plain"


def _verify_inplain_layer(layer: Layer, progress: Progress) -> None:
    digest = hashlib.new(layer.diff_id.partition(":")[0])
    progress.start(f"Verifying {layer.name}", layer.size)
    try:
        with layer.open() as stream:
            while data := stream.read(1 << 20):
                digest.update(data)
                progress.advance(len(data))
    finally:
        progress.done()
    found = f"{digest.name}:{digest.hexdigest()}"
    if found != layer.diff_id:
        raise wrong_digest(layer.diff_id, found, layer.name)
