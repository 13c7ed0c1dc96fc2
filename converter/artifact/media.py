"""What unikernels are called in registries (OCI image-spec 1.1, manifest.md, "Guidelines for Artifact
Usage").

docs/reference/oci-artifact.md describes all of it. Names of ours are in the tree of vendors (RFC 6838, 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from converter.image.stored import INDEX, MANIFEST, as_json, described, digest_of

UNIKERNEL = "application/vnd.u2k.unikernel.v1"
CONFIG = "application/vnd.u2k.unikernel.config.v1+json"
PIECE = "application/vnd.u2k.unikernel.piece.v1"
EMPTY = "application/vnd.oci.empty.v1+json"
EMPTY_DATA = b"{}"
IN_TOTO = "application/vnd.in-toto+json"
CYCLONEDX = "application/vnd.cyclonedx+json"
SPDX = "application/spdx+json"
TITLE = "org.opencontainers.image.title"
BASE_DIGEST = "org.opencontainers.image.base.digest"
PREDICATE = "in-toto.io/predicate-type"  # by which sigstore's and docker's tools tell statements apart


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is stored: a manifest or an index."""

    kind: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """OCI image-spec, descriptor.md."""
        return described(self.kind, self.data, **more)


def manifest_of(
    kind: str,
    config: Mapping[str, Any],
    layers: Sequence[Mapping[str, Any]],
    annotations: Mapping[str, str],
    subject: Mapping[str, Any] | None = None,
) -> Stored:
    """The manifest of an artifact of type `kind`."""
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": dict(config),
        "layers": [dict(each) for each in layers],
        **({"subject": dict(subject)} if subject else {}),
        "annotations": dict(annotations),
    }
    return Stored(MANIFEST, as_json(value))


def index_of(manifests: Sequence[Mapping[str, Any]], kind: str | None = None) -> Stored:
    """An index; `kind` is its artifactType, if it has one."""
    value = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        **({"artifactType": kind} if kind else {}),
        "manifests": [dict(each) for each in manifests],
    }
    return Stored(INDEX, as_json(value))
