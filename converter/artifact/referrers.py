"""What is attached to something in a registry (distribution-spec, spec.md, "Pushing Manifests with
Subject")."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from converter.artifact.media import EMPTY, EMPTY_DATA, Stored, index_of, manifest_of
from converter.errors import SourceError
from converter.image.document import Document
from converter.image.registry.upload import Upload
from converter.image.stored import INDEX, described, digest_of


def attach(
    upload: Upload,
    kind: str,
    data: bytes,
    subject: Mapping[str, Any],
    annotations: Mapping[str, str],
    where: str,
) -> Stored:
    """Push `data` as an artifact that refers to `subject`; its manifest. Errors: SourceError."""
    for blob in (EMPTY_DATA, data):
        push_blob(upload, blob, where)
    manifest = manifest_of(kind, described(EMPTY, EMPTY_DATA), [described(kind, data)], annotations, subject)
    push_referrer(upload, manifest, kind, subject, annotations, where)
    return manifest


def push_blob(upload: Upload, data: bytes, where: str) -> None:
    """Push a small blob, unless it is there. Errors: SourceError."""
    digest = digest_of(data)
    if not upload.has_blob(digest, where):
        upload.blob(digest, len(data), lambda: io.BytesIO(data), where)


def push_referrer(
    upload: Upload,
    manifest: Stored,
    kind: str,
    subject: Mapping[str, Any],
    annotations: Mapping[str, str],
    where: str,
) -> None:
    """Push a manifest with a subject.

    Where the registry does not list referrers, the tag that stands for the list has it too ("Referrers
    Tag Schema"). Errors: SourceError.
    """
    if upload.put_manifest(manifest.digest, manifest.kind, manifest.data, where):
        return
    tag = str(subject["digest"]).replace(":", "-")
    listed = [each for each in _listed(upload, tag, where) if each.get("digest") != manifest.digest]
    listed.append(manifest.descriptor(artifactType=kind, annotations=dict(annotations)))
    index = index_of(listed)
    upload.put_manifest(tag, INDEX, index.data, where)


def _listed(upload: Upload, tag: str, where: str) -> list[dict[str, Any]]:
    found = upload.manifest(tag, where)
    if found is None:
        return []
    if found.kind != INDEX:
        raise SourceError(
            f"the tag {tag} is taken by something else than a list of referrers",
            where=where,
            hint="remove that tag; the distribution specification keeps it for this",
        )
    return [dict(each.value) for each in Document.parse(found.data, where).objects("manifests")]
