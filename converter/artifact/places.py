"""Which repositories of a registry have a blob: what was pushed from here, for mounting it into another
repository."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from converter.cache.folder import cache_folder
from converter.errors import OutputError

_LIMIT = 300  # bytes; a repository's name has 255 at most


def remember_place(registry: str, repository: str, digests: Iterable[str]) -> None:
    """`repository` has these blobs now. Without a cache it is forgotten."""
    with suppress(OutputError, OSError):
        folder = _folder(registry)
        for digest in digests:
            (folder / digest.replace(":", "-")).write_text(repository)


def known_place(registry: str, digest: str, *, besides: str) -> str | None:
    """A repository that had the blob, other than `besides`."""
    with suppress(OutputError, OSError, UnicodeDecodeError):
        with (_folder(registry) / digest.replace(":", "-")).open() as file:
            found = file.read(_LIMIT)
        return found if found and found != besides else None
    return None


def _folder(registry: str) -> Path:
    return cache_folder("pushed", hashlib.sha256(registry.encode()).hexdigest()[:16])
