"""Pushing a unikernel: pieces that are not there yet, its manifest, the index of its tag, and what is
attached."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from converter.artifact import media
from converter.artifact.pieces import Piece, pieces_of
from converter.artifact.places import known_place, remember_place
from converter.artifact.provenance import PREDICATE, provenance_of
from converter.artifact.referrers import attach, push_blob, push_referrer
from converter.errors import UsageError
from converter.image.digest import file_digest
from converter.image.document import Document
from converter.image.progress import Progress
from converter.image.reference import Reference
from converter.image.registry.route import push_route
from converter.image.registry.upload import Upload
from converter.image.stored import as_json, described, digest_of
from converter.link.manifest import Manifest, read_manifest

_PLATFORMS_MAX = 32  # in one index
_OTHERS_MAX = 4  # repositories that blobs are mounted from: each is a word in the request for a token


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document to attach: its media type, which is the artifact's type too, and its bytes."""

    kind: str
    data: bytes
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of it.

    digest: of the unikernel's manifest; index: of what the tag stands for
    sent, mounted, there: bytes of pieces that were sent, that another repository had, that this one had
    subject: digest of the image it was made from, if the repository has that, so that it refers to it
    """

    reference: str
    digest: str
    index: str
    size: int
    pieces: int
    sent: int
    mounted: int
    there: int
    attached: tuple[tuple[str, str], ...]
    subject: str | None


def push(
    unikernel: Path,
    reference: Reference,
    progress: Progress,
    *,
    documents: Sequence[Attachment] = (),
    provenance: bool = True,
    force: bool = False,
) -> Pushed:
    """Push the file as `reference`, beside what its tag has for other platforms.

    documents:  are attached besides the provenance
    force:      the tag may stand for something else than unikernels, and does not any longer
    Errors: UsageError (no unikernel, no tag, the tag is an image's), SourceError (registry, network).
    """
    manifest, where = read_manifest(unikernel), reference.familiar
    if reference.tag is None or reference.digest is not None:
        raise UsageError("a unikernel is pushed to a tag", where=where, hint="write REGISTRY/REPOSITORY:TAG")
    progress.start("reading", 0)
    try:
        pieces = pieces_of(unikernel)
    finally:
        progress.done()
    config = _config(unikernel, manifest)
    others = _others(reference, pieces)
    upload = Upload(push_route(reference), others)
    earlier = _platforms_of_tag(upload, reference.tag, where, force=force)
    counted = _send_pieces(upload, reference.registry, unikernel, pieces, progress, where)
    push_blob(upload, config, where)
    subject = _source_in(upload, manifest, where)
    notes = {media.TITLE: unikernel.name, media.BASE_DIGEST: manifest.source_digest}
    layers = [{"mediaType": media.PIECE, "digest": each.digest, "size": each.size} for each in pieces]
    stored = media.manifest_of(media.UNIKERNEL, described(media.CONFIG, config), layers, notes, subject)
    if subject is None:
        upload.put_manifest(stored.digest, stored.kind, stored.data, where)
    else:
        push_referrer(upload, stored, media.UNIKERNEL, subject, notes, where)
    platform = {"os": manifest.os, "architecture": manifest.architecture}
    entry = stored.descriptor(artifactType=media.UNIKERNEL, platform=platform)
    index = media.index_of(_with(earlier, entry), media.UNIKERNEL)
    upload.put_manifest(reference.tag, index.kind, index.data, where)
    remember_place(reference.registry, upload.repository, (each.digest for each in pieces))
    wanted = list(documents)
    if provenance:
        wanted.insert(0, _provenance(unikernel, reference, stored.digest))
    attached = []
    for each in wanted:
        made = attach(upload, each.kind, each.data, stored.descriptor(), each.annotations, where)
        attached.append((each.kind, made.digest))
    return Pushed(
        f"{reference.registry}/{reference.repository}:{reference.tag}",
        stored.digest,
        index.digest,
        unikernel.stat().st_size,
        len(pieces),
        *counted,
        tuple(attached),
        str(subject["digest"]) if subject else None,
    )


def _config(unikernel: Path, manifest: Manifest) -> bytes:
    return as_json(
        {
            "os": manifest.os,
            "architecture": manifest.architecture,
            "file": {"digest": file_digest(unikernel), "size": unikernel.stat().st_size},
            "unikernel": json.loads(json.dumps(asdict(manifest))),
        }
    )


def _others(reference: Reference, pieces: Sequence[Piece]) -> list[str]:
    """Repositories that have some of the pieces, those with the most first."""
    counts: dict[str, int] = {}
    for piece in pieces:
        other = known_place(reference.registry, piece.digest, besides=reference.repository)
        if other is not None:
            counts[other] = counts.get(other, 0) + piece.size
    return sorted(counts, key=lambda name: (-counts[name], name))[:_OTHERS_MAX]


def _send_pieces(
    upload: Upload,
    registry: str,
    unikernel: Path,
    pieces: Sequence[Piece],
    progress: Progress,
    where: str,
) -> tuple[int, int, int]:
    """Bytes that were sent, mounted, and there before."""
    sent = mounted = there = 0
    done: set[str] = set()
    progress.start("pushing", sum(each.size for each in pieces))
    try:
        for piece in pieces:
            named = f"{where}, piece {piece.digest[7:19]}"
            other = known_place(registry, piece.digest, besides=upload.repository)
            if piece.digest in done or upload.has_blob(piece.digest, named):
                there += piece.size
            elif other is not None and upload.mount(piece.digest, other, named):
                mounted += piece.size
            else:
                upload.blob(piece.digest, piece.size, lambda piece=piece: _contents(unikernel, piece), named)  # type: ignore[misc]
                sent += piece.size
            done.add(piece.digest)
            progress.advance(piece.size)
    finally:
        progress.done()
    return sent, mounted, there


def _contents(unikernel: Path, piece: Piece) -> BinaryIO:
    with unikernel.open("rb") as file:
        file.seek(piece.offset)
        return io.BytesIO(file.read(piece.size))


def _platforms_of_tag(upload: Upload, tag: str, where: str, *, force: bool) -> list[dict[str, Any]]:
    """What the tag's index has now. UsageError if the tag stands for something else, unless `force`."""
    found = upload.manifest(tag, where)
    if found is None:
        return []
    document = Document.parse(found.data, where)
    listed = [dict(each.value) for each in document.objects("manifests")]
    # Tools that copy an index may drop artifactType (skopeo 1.9 does); the manifests still say it.
    if document.text("artifactType") == media.UNIKERNEL or (
        listed and all(_is_unikernel(upload, each, where) for each in listed[:_PLATFORMS_MAX])
    ):
        return listed[:_PLATFORMS_MAX]
    if not force:
        raise UsageError(
            "this tag is something else's: a container image, perhaps",
            where=where,
            hint="choose another tag, or add --force: the tag is the unikernel's then",
        )
    return []


def _is_unikernel(upload: Upload, entry: dict[str, Any], where: str) -> bool:
    found = upload.manifest(str(entry.get("digest")), where)
    if found is None:
        return False
    return Document.parse(found.data, where).object("config").text("mediaType") == media.CONFIG


def _with(earlier: Sequence[dict[str, Any]], entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The index's entries with `entry` in the place of the one for its platform."""
    kept = [each for each in earlier if each.get("platform") != entry["platform"]]
    return sorted([*kept, entry], key=lambda each: json.dumps(each.get("platform"), sort_keys=True))


def _source_in(upload: Upload, manifest: Manifest, where: str) -> dict[str, Any] | None:
    """The descriptor of the image's manifest, if this repository has it."""
    if not upload.has_manifest(manifest.source_digest, where):
        return None
    found = upload.manifest(manifest.source_digest, where)
    if found is None or digest_of(found.data) != manifest.source_digest:
        return None
    return described(found.kind, found.data)


def _provenance(unikernel: Path, reference: Reference, digest: str) -> Attachment:
    name = f"{reference.registry}/{reference.repository}"
    text = provenance_of(unikernel, stored=(name, digest))
    return Attachment(media.IN_TOTO, text.encode(), {media.PREDICATE: PREDICATE})
