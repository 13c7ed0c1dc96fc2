"""Which digest a tag had when it was last looked up: then a registry need only be asked whether it still has.

Docker Hub counts each manifest that is sent as a pull, and a question for its digest (HEAD) as none
(docs.docker.com/docker-hub/usage/pulls).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from converter.image.blobs import BlobCache
from converter.image.digest import is_digest
from converter.image.reference import Reference

_LONGEST = 256  # bytes of a digest


def known_digest(cache: BlobCache, reference: Reference) -> str | None:
    """The digest that the tag had; None: not known."""
    try:
        with _path(cache, reference).open("rb") as file:
            text = file.read(_LONGEST).decode("ascii")
    except (OSError, ValueError):
        return None
    return text if is_digest(text) else None


def note_digest(cache: BlobCache, reference: Reference, digest: str) -> None:
    """Remember it. Errors: OutputError."""
    if known_digest(cache, reference) != digest:
        with cache.writing(_path(cache, reference)) as file:
            file.write(digest.encode("ascii"))


def _path(cache: BlobCache, reference: Reference) -> Path:
    return cache.root / "tags" / hashlib.sha256(str(reference).encode()).hexdigest()
