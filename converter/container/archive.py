"""An image as one file that `docker load`, `podman load` and skopeo read.

It is an OCI image layout in a tar (OCI image-spec, image-layout.md) with the `manifest.json` of `docker save`
in it, as Docker writes since version 25: an older docker reads the one, all others the other.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from converter.image.stored import INDEX, MANIFEST, as_json, described, digest_of

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
    manifest = as_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(_CONFIG, config),
            "layers": [_descriptor(each) for each in layers],
            **({"annotations": dict(annotations)} if annotations else {}),
        }
    )
    names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    entry = described(MANIFEST, manifest, annotations=names)
    docker = {
        "Config": _path(digest_of(config)),
        "RepoTags": [name],
        "Layers": [_path(each.digest) for each in layers],
    }
    documents = {
        "oci-layout": as_json({"imageLayoutVersion": "1.0.0"}),
        "index.json": as_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}),
        "manifest.json": as_json([docker]),
        _path(digest_of(config)): config,
        _path(digest_of(manifest)): manifest,
    }
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path, data in documents.items():
            _add(archive, path, len(data), io.BytesIO(data))
        for layer in {each.digest: each for each in layers}.values():
            with layer.path.open("rb") as stream:
                stream.seek(layer.offset)
                _add(archive, _path(layer.digest), layer.size, stream)
    return digest_of(manifest)


def _descriptor(layer: StoredLayer) -> dict[str, object]:
    return {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}


def _add(archive: tarfile.TarFile, path: str, size: int, stream: IO[bytes]) -> None:
    member = tarfile.TarInfo(path)  # of nobody, and of no time
    member.size = size
    archive.addfile(member, stream)


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
