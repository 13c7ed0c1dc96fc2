"""An OCI image layout, as a folder or in a tar (OCI image-spec, image-layout.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, cast

from converter.errors import SourceError, UsageError
from converter.image.digest import VerifyingReader, verify
from converter.image.document import MAX_CONFIG, MAX_MANIFEST, Document
from converter.image.manifest import Descriptor, assemble, choose
from converter.image.members import Members, read_member
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.reference import same_image
from converter.image.tree import Span

_TAG = "org.opencontainers.image.ref.name"
_FULL_NAME = "io.containerd.image.name"  # what `docker save` adds: the whole reference


class LayoutSource:
    """Documents and blobs of a layout, by digest; a `converter.image.manifest.Source`."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self.where = members.where

    def manifest(self, descriptor: Descriptor) -> bytes:
        return self._document(descriptor, MAX_MANIFEST)

    def config(self, descriptor: Descriptor) -> bytes:
        return self._document(descriptor, MAX_CONFIG)

    def _document(self, descriptor: Descriptor, limit: int) -> bytes:
        name = _path(descriptor)
        data = read_member(self._members, name, limit)
        if len(data) != descriptor.size:
            raise SourceError(
                f"{name} has {len(data)} bytes, not the {descriptor.size} announced",
                where=self.where,
                hint="the archive is damaged; save the image again",
            )
        return verify(data, descriptor.digest, f"{self.where}, {name}")

    def blob(self, descriptor: Descriptor) -> BinaryIO:
        name = _path(descriptor)
        stream = self._members.open(name)
        return cast(
            BinaryIO, VerifyingReader(stream, descriptor.digest, descriptor.size, f"{self.where}, {name}")
        )

    def plain(self, descriptor: Descriptor) -> Span | None:
        name = _path(descriptor)
        if name not in self._members or self._members.size(name) != descriptor.size:
            return None
        return self._members.span(name)


def _path(descriptor: Descriptor) -> str:
    return f"blobs/{descriptor.digest.replace(':', '/')}"


def open_layout(members: Members, tag: str | None, wanted: Platform, reference: str) -> Image:
    """The image called `tag`, or the only one, for platform `wanted`.

    Errors: as `tagged`; IncompatibleImageError as `choose`.
    """
    source, descriptors = tagged(members, tag, reference)
    descriptor, manifest = choose(source, descriptors, wanted, reference)
    return assemble(source, descriptor, manifest, wanted, reference)


def tagged(members: Members, tag: str | None, reference: str) -> tuple[LayoutSource, Sequence[Descriptor]]:
    """What is called `tag` in a layout, or the only thing in it.

    Errors: UsageError when the tag is not there or several images need one; SourceError when the
    layout is damaged.
    """
    index = Document.parse(read_member(members, "index.json", MAX_MANIFEST), f"{members.where}, index.json")
    listed = [Descriptor.of(item) for item in index.objects("manifests")]
    found = _tagged([item for item in listed if not item.is_attestation], tag, reference)
    return LayoutSource(members), found


def _names(descriptor: Descriptor) -> set[str]:
    return {descriptor.annotations.get(key, "") for key in (_TAG, _FULL_NAME)} - {""}


def _tagged(descriptors: Sequence[Descriptor], tag: str | None, reference: str) -> Sequence[Descriptor]:
    if tag is not None:
        digest = tag.rpartition("@")[2]
        found = [
            item
            for item in descriptors
            if digest == item.digest or any(same_image(tag, name) for name in _names(item))
        ]
        if found:
            return found
    named = {
        name
        for item in descriptors
        if (name := item.annotations.get(_FULL_NAME) or item.annotations.get(_TAG))
    }
    if tag is None and (len(named) <= 1 or len({item.digest for item in descriptors}) == 1):
        return descriptors
    raise UsageError(
        "there are several images in it" if tag is None else f"there is no image {tag!r} in it",
        where=reference,
        hint=f"write oci:FOLDER:NAME or oci-archive:FILE:NAME with one of: {', '.join(sorted(named))}",
    )
