"""Writing a plain layer: hashed, with holes for zeros, and within limits that stop bombs."""

from __future__ import annotations

import hashlib
import shutil
from typing import IO

from converter.errors import OutputError, SourceError
from converter.image.blobs import BlobCache

_BLOCK = 4096  # bytes: what file systems allocate at once
_ZEROS = bytes(1 << 20)
_CHECK_EVERY = 64 << 20  # bytes of real data between two looks at the free space


class SparseFile:
    """Takes a layer's plain bytes piece by piece and writes them to an empty file."""

    def __init__(
        self, stream: IO[bytes], cache: BlobCache, algorithm: str, compressed: int, where: str
    ) -> None:
        """`algorithm`: of the digest. `compressed`: size of the blob in bytes; 0 if not known."""
        self._stream = stream
        self._cache = cache
        self._compressed = compressed
        self._where = where
        self._hash = hashlib.new(algorithm)
        self._written = 0  # bytes of real data
        self._next_check = 0
        self.size = 0

    def write(self, data: bytes) -> None:
        """Errors: SourceError past a limit; OutputError when the disk is (nearly) full; OSError."""
        self._hash.update(data)
        start = self.size
        self.size += len(data)
        self._check()
        if data == _ZEROS[: len(data)]:
            return
        # Blocks are counted from the start of the file, where the file system counts them from.
        run = None
        first = -start % _BLOCK
        for at in (0, *range(first, len(data), _BLOCK)) if first else range(0, len(data), _BLOCK):
            end = first if at == 0 and first else at + _BLOCK
            block = data[at:end]
            if block == _ZEROS[: len(block)]:
                if run is not None:
                    self._put(start + run, data[run:at])
                    run = None
            elif run is None:
                run = at
        if run is not None:
            self._put(start + run, data[run:])

    def _put(self, at: int, data: bytes) -> None:
        self._stream.seek(at)
        view = memoryview(data)
        while view:
            view = view[self._stream.write(view) :]
        self._written += len(data)

    def _check(self) -> None:
        limits = self._cache.limits
        if self.size > limits.apparent:
            raise SourceError(
                f"the layer is larger than {limits.apparent} bytes when decompressed",
                where=self._where,
                hint="if that is meant, set U2K_MAX_LAYER_SIZE to more, for example 256G",
            )
        if self._compressed and self._written > max(limits.unsuspicious, limits.ratio * self._compressed):
            raise SourceError(
                f"the layer looks like a decompression bomb: {self._compressed} bytes became more than "
                f"{self._written}",
                where=self._where,
                hint="if that is meant, set U2K_MAX_LAYER_RATIO to more than its default of 200",
            )
        if self._written >= self._next_check:
            self._next_check = self._written + _CHECK_EVERY
            if shutil.disk_usage(self._stream.name).free < limits.reserve:
                raise OutputError(
                    "no space left for the image cache",
                    where=str(self._cache.root),
                    hint="make room there, or set U2K_CACHE_DIR to a folder elsewhere",
                )

    def finish(self) -> str:
        """Sets the file's size, which a hole may end; returns the digest of all bytes."""
        self._stream.truncate(self.size)
        return f"{self._hash.name}:{self._hash.hexdigest()}"
