"""An image as one file that `docker load`, `podman load` and skopeo read.

It is an OCI image layout in a tar (OCI image-spec, image-layout.md) with the `manifest.json` of `docker save`
in it, as Docker writes since version 25: an older docker reads the one, all others the other.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
PLAIN = "application/vnd.oci.image.layer.v1.tar"
GZIP = PLAIN + "+gzip"


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer that lies in a file of the host: `size` bytes from `offset` on."""

    path: Path
    offset: int
    size: int
    digest: str
    media_type: str


def write_archive(
    out: IO[bytes],
    name: str,
    config: bytes,
    layers: Sequence[StoredLayer],
    annotations: Mapping[str, str] | None = None,
) -> str:
    """Write the image called `name` (NAME:TAG); the digest of its manifest. Equal input gives equal bytes."""
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, _digest(config), len(config)),
            "layers": [_descriptor(each.media_type, each.digest, each.size) for each in layers],
            **({"annotations": dict(annotations)} if annotations else {}),
        }
    )
    names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    entry = {**_descriptor(_MANIFEST, _digest(manifest), len(manifest)), "annotations": names}
    docker = {
        "Config": _path(_digest(config)),
        "RepoTags": [name],
        "Layers": [_path(each.digest) for each in layers],
    }
    documents = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]}),
        "manifest.json": _json([docker]),
        _path(_digest(config)): config,
        _path(_digest(manifest)): manifest,
    }
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path, data in documents.items():
            _add(archive, path, len(data), io.BytesIO(data))
        for layer in {each.digest: each for each in layers}.values():
            with layer.path.open("rb") as stream:
                stream.seek(layer.offset)
                _add(archive, _path(layer.digest), layer.size, stream)
    return _digest(manifest)


def _add(archive: tarfile.TarFile, path: str, size: int, stream: IO[bytes]) -> None:
    member = tarfile.TarInfo(path)  # of nobody, and of no time
    member.size = size
    archive.addfile(member, stream)


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()
