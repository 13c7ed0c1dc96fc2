"""The content-addressed cache: compressed blobs and decompressed layers, shared by parallel processes.

`$U2K_CACHE_DIR`, or `$XDG_CACHE_HOME/u2k`, or `~/.cache/u2k`:
    blobs/sha256/HEX           a blob as a registry sent it
    tags/HEX                   the digest that a tag had: registry/tags.py
    layers/sha256/HEX          a layer's plain tar; HEX is its diff_id; runs of zeros are holes
    layers/sha256/HEX.index    what is in that tar
    tmp/                       files that are being written; they are renamed when complete and verified
A name in the cache is a promise that the bytes were verified, so nothing is hashed twice.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from converter.cache.folder import default_root
from converter.errors import OutputError, UsageError
from converter.sizes import parse_bytes

_APPARENT = 64 << 30
_RATIO = 200
_STALE = 24 * 3600  # seconds after which a temporary file has lost its writer


@dataclass(frozen=True, slots=True)
class Limits:
    """What a layer may grow to (bytes): see `converter.image.sparse_file`."""

    apparent: int = _APPARENT  # of a decompressed layer, holes included
    unsuspicious: int = 1 << 30  # of real data, up to here any compression ratio is fine
    ratio: int = _RATIO  # of real data to compressed data beyond that; zlib's best is 1032
    reserve: int = 64 << 20  # to be left free on the cache's disk

    @classmethod
    def from_environment(cls) -> Limits:
        """U2K_MAX_LAYER_SIZE (apparent) and U2K_MAX_LAYER_RATIO; sizes may end in K, M, G or T."""
        return cls(
            apparent=_size("U2K_MAX_LAYER_SIZE", _APPARENT), ratio=_size("U2K_MAX_LAYER_RATIO", _RATIO)
        )


def _size(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    hint = f"write for example {variable}=64G"
    size = parse_bytes(text, variable, hint) if text else default
    if not size:
        raise UsageError(f"{text!r} is no limit", where=variable, hint=hint)
    return size


@dataclass(frozen=True)
class BlobCache:
    """The cache below `root`. Digests given to it must have passed `digest.checked_digest`."""

    root: Path = field(default_factory=default_root)
    limits: Limits = field(default_factory=Limits.from_environment)

    def blob_path(self, digest: str) -> Path:
        """Where the blob is, or will be."""
        return self.root / "blobs" / digest.replace(":", "/")

    def layer_path(self, diff_id: str) -> Path:
        """Where the plain tar of the layer is, or will be."""
        return self.root / "layers" / diff_id.replace(":", "/")

    def index_path(self, diff_id: str) -> Path:
        """Where the layer's index is, or will be."""
        return self.layer_path(diff_id + ".index")

    @contextlib.contextmanager
    def writing(self, final: Path) -> Iterator[IO[bytes]]:
        """A new file that becomes `final`, whole, when the block ends well, and is gone otherwise.

        Parallel writers of one name do not meet: the last one wins, with the same bytes.
        Errors: OutputError (disk full, folder not writable), for OSErrors inside the block too.
        """
        with self.explained():
            handle, name = tempfile.mkstemp(dir=self.temporary_folder())
            temporary = Path(name)
            try:
                os.close(handle)
                with temporary.open("w+b", buffering=0) as stream:
                    yield stream
                final.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(final)
            finally:
                temporary.unlink(missing_ok=True)

    def temporary_folder(self) -> Path:
        """The folder for unfinished files, made if need be; files that lost their writer are removed."""
        folder = self.root / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE:
                    path.unlink()
        return folder

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turns an OSError inside the block into an OutputError that says what to do about it."""
        try:
            yield
        except OSError as error:
            raise self.failure(error) from error

    def failure(self, error: OSError) -> OutputError:
        """The OutputError for an `error` met while writing to the cache."""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return OutputError(
            "no space left for the image cache"
            if full
            else f"cannot write the image cache: {error.strerror}",
            where=str(self.root),
            hint=("make room there" if full else "make it writable")
            + ", or set U2K_CACHE_DIR to a folder elsewhere",
        )
