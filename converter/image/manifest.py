"""From an index or a manifest to an image for one platform (OCI image-spec, image-index.md, manifest.md)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from converter.errors import IncompatibleImageError, SourceError
from converter.image.config import check_platform, parse_config
from converter.image.document import Document
from converter.image.model import Image, ImageConfig, Layer
from converter.image.platform import Platform
from converter.image.tree import Span

_LOG = logging.getLogger("u2k")
_MAX_DEPTH = 4  # of indexes in indexes
_MAX_MANIFESTS = 200  # for one reference
_BROKEN = "the image is damaged; build or fetch it again"
_BASELINE = {"arm64": 8, "amd64": 1}  # what no variant means (containerd's platforms)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """OCI image-spec, descriptor.md; `size` in bytes, `platform` None when not said."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: dict[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, document: Document) -> Descriptor:
        size = document.number("size", -1)
        if size < 0:
            raise SourceError("a descriptor without a size", where=document.where, hint=_BROKEN)
        platform = document.object("platform")
        return cls(
            document.text("mediaType"),
            document.digest("digest"),
            size,
            Platform(platform.text("os"), platform.text("architecture"), platform.text("variant") or None)
            if platform.value
            else None,
            document.text_map("annotations"),
        )

    @property
    def is_attestation(self) -> bool:
        """BuildKit's provenance and SBOM manifests, which are no images."""
        return "vnd.docker.reference.type" in self.annotations or (
            self.platform is not None and self.platform.os == self.platform.architecture == "unknown"
        )


class Source(Protocol):
    """Where an image's documents and blobs come from. All bytes are verified against the descriptor."""

    @property
    def where(self) -> str:
        """What errors call it."""

    def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest or an index."""

    def config(self, descriptor: Descriptor) -> bytes:
        """An image configuration."""

    def blob(self, descriptor: Descriptor) -> BinaryIO:
        """A layer as stored."""

    def plain(self, descriptor: Descriptor) -> Span | None:
        """Where a layer lies in a file that stays, or None."""


def parse_manifest(data: bytes, where: str) -> Document:
    """An index or a manifest. Errors: SourceError (not JSON), IncompatibleImageError (schema 1)."""
    document = Document.parse(data, where)
    if document.number("schemaVersion", 2) == 1:
        raise IncompatibleImageError(
            "a Docker schema 1 manifest, a format given up in 2016",
            where=where,
            hint="pull and push the image again with a current docker, then convert that",
        )
    return document


def is_index(document: Document) -> bool:
    """Whether it lists manifests and is none itself; media types are often missing in layouts."""
    return isinstance(document.value.get("manifests"), list) and "config" not in document.value


def choose(
    source: Source, descriptors: Sequence[Descriptor], wanted: Platform, reference: str
) -> tuple[Descriptor, Document]:
    """The manifest for `wanted` among `descriptors`, which may be indexes that hold more.

    Errors: IncompatibleImageError when there is none; it lists what there is.
    """
    found = list(_leaves(source, descriptors, 0))
    ranked = [(rank, leaf) for leaf in found if (rank := _rank(leaf[1], wanted)) is not None]
    if ranked:
        _, (descriptor, platform, document) = max(ranked, key=lambda item: item[0])
        _LOG.info("%s: manifest %s for %s", reference, descriptor.digest[:19], platform)
        return descriptor, document or parse_manifest(source.manifest(descriptor), _name(source, descriptor))
    there = sorted({str(platform) for _, platform, _ in found})
    if there and all(name.startswith("windows/") for name in there):
        raise IncompatibleImageError(
            "this is a Windows image; only Linux images become unikernels",
            where=reference,
            hint="choose an image, or a tag, for Linux",
        )
    raise IncompatibleImageError(
        f"there is no image for {wanted}; there is: {', '.join(there) or 'none at all'}",
        where=reference,
        hint=f"convert with --platform {there[0]}" if there else "choose another tag",
    )


def _name(source: Source, descriptor: Descriptor) -> str:
    return f"{source.where}, manifest {descriptor.digest[:19]}"


_Leaf = tuple[Descriptor, Platform, Document | None]


def _leaves(source: Source, descriptors: Sequence[Descriptor], depth: int) -> Iterator[_Leaf]:
    """All image manifests, through nested indexes, each with its platform (from its config if need be)."""
    if len(descriptors) > _MAX_MANIFESTS or depth > _MAX_DEPTH:
        raise SourceError(
            "an index with too many manifests, or nested too deep", where=source.where, hint=_BROKEN
        )
    for descriptor in descriptors:
        if descriptor.is_attestation:
            continue
        if (
            descriptor.platform
            and "index" not in descriptor.media_type
            and "list" not in descriptor.media_type
        ):
            yield descriptor, descriptor.platform, None
            continue
        document = parse_manifest(source.manifest(descriptor), _name(source, descriptor))
        if is_index(document):
            yield from _leaves(
                source, [Descriptor.of(item) for item in document.objects("manifests")], depth + 1
            )
        else:
            yield descriptor, _config(source, document)[0].platform, document


def _rank(platform: Platform, wanted: Platform) -> int | None:
    """How well `platform` fits; None when it does not. A lower variant runs where a higher one does."""
    if (platform.os, platform.architecture) != (wanted.os, wanted.architecture):
        return None
    level, most = _level(platform), _level(wanted)
    return level if level <= most else None


def _level(platform: Platform) -> int:
    """`v8` is 8; `v8.1` too."""
    digits = (platform.variant or "").removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 4 else _BASELINE.get(platform.architecture, 0)


def _config(source: Source, manifest: Document) -> tuple[ImageConfig, bytes]:
    kind = manifest.object("config").text("mediaType")
    if kind and not kind.startswith(
        ("application/vnd.oci.image.config.", "application/vnd.docker.container.image.")
    ):
        raise IncompatibleImageError(
            f"no container image but an artifact ({kind})",
            where=manifest.where,
            hint="choose a container image",
        )
    descriptor = Descriptor.of(manifest.object("config"))
    raw = source.config(descriptor)
    return parse_config(raw, f"{source.where}, configuration {descriptor.digest[:19]}"), raw


def assemble(
    source: Source, descriptor: Descriptor, manifest: Document, wanted: Platform, reference: str
) -> Image:
    """The image that `manifest` describes.

    Errors: IncompatibleImageError when it is for another platform or no container image,
    SourceError when configuration and manifest do not go together.
    """
    config, raw = _config(source, manifest)
    check_platform(config, wanted, reference)
    blobs = [Descriptor.of(item) for item in manifest.objects("layers")]
    if len(blobs) != len(config.diff_ids):
        raise SourceError(
            f"the manifest has {len(blobs)} layers, the configuration {len(config.diff_ids)}",
            where=reference,
            hint=_BROKEN,
        )
    made_by = created_by(config)
    layers = tuple(
        Layer(
            index,
            blob.digest,
            blob.size,
            blob.media_type,
            config.diff_ids[index],
            made_by[index],
            lambda blob=blob: source.blob(blob),  # type: ignore[misc]  # mypy: cannot infer a default's type
            source.plain(blob),
        )
        for index, blob in enumerate(blobs)
    )
    return Image(reference, descriptor.digest, manifest.value, config, layers, raw)


def created_by(config: ImageConfig) -> list[str]:
    """For each layer the command that made it; "" where the history does not say."""
    steps = [entry.created_by for entry in config.history if not entry.empty_layer]
    count = len(config.diff_ids)
    return steps if len(steps) == count else [""] * count
