"""Documents as they are stored under their digests (OCI image-spec, descriptor.md)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# What registries are told that we read, OCI's and docker's.
ANY_MANIFEST = ", ".join(
    (
        INDEX,
        MANIFEST,
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def described(kind: str, data: bytes, **more: Any) -> dict[str, Any]:
    """The descriptor of `data`, whose media type is `kind`."""
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **more}


def as_json(value: object) -> bytes:
    """Equal values give equal bytes."""
    return json.dumps(value, indent=1, sort_keys=True).encode()
