"""Pulling a unikernel: its pieces in their order, each verified, and then the whole."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.artifact import media
from converter.errors import IncompatibleImageError, SourceError, UsageError
from converter.image.archive import open_members
from converter.image.blobs import BlobCache
from converter.image.digest import wrong_digest
from converter.image.document import Document
from converter.image.layout import tagged
from converter.image.manifest import Descriptor, Source, is_index, parse_manifest
from converter.image.platform import Platform
from converter.image.progress import Progress, Silent
from converter.image.reference import LocalReference, Reference
from converter.link.manifest import Manifest, read_manifest
from converter.output import check_target, not_written, whole_file

_CHUNK = 1 << 20
_SIZE_MAX = 64 << 30  # bytes of a unikernel
_MANIFESTS_MAX = 64  # of one index
_AGAIN = "it is damaged; push it again"


@dataclass(frozen=True, slots=True)
class Pulled:
    """`digest` is that of the unikernel's manifest, `source` of the image that it was made from."""

    file: Path
    size: int
    digest: str
    source: str
    pieces: int


def pull(
    reference: Reference | LocalReference,
    output: Path | None,
    platform: Platform,
    progress: Progress,
    *,
    force: bool = False,
) -> Pulled:
    """Write the unikernel for `platform` as `output`, by default called as when it was pushed.

    reference: in a registry, or an OCI image layout (a folder, or a tar of one)
    Errors: UsageError (output, names), SourceError (cannot be had, wrong bytes), IncompatibleImageError
    (no unikernel, none for the platform), OutputError; no file is left.
    """
    if output is not None:
        check_target(output, force=force)
    source, descriptors = _found(reference, progress)
    descriptor, manifest = _chosen(source, descriptors, platform)
    file = output or Path(_title(manifest, reference))
    if output is None:
        check_target(file, force=force)
    config = _config(source, manifest)
    layers = [Descriptor.of(each) for each in manifest.objects("layers")]
    size, digest = config.number("size", -1), config.digest("digest")
    if sum(each.size for each in layers) != size or not 0 < size <= _SIZE_MAX:
        raise SourceError("its pieces are not its whole", where=source.where, hint=_AGAIN)
    final = file.resolve()
    try:
        with tempfile.TemporaryDirectory(dir=final.parent, prefix=".u2k-") as folder:
            fresh = Path(folder) / final.name
            _join(source, layers, fresh, digest, progress)
            made_from = _checked(fresh, source.where).source_digest
            fresh.replace(final)
    except OSError as error:
        raise not_written(error, file) from error
    return Pulled(file, size, descriptor.digest, made_from, len(layers))


def _join(source: Source, layers: Sequence[Descriptor], file: Path, digest: str, progress: Progress) -> None:
    """All pieces in one file, which has `digest`. SourceError otherwise."""
    whole = hashlib.sha256()
    progress.start("pulling", sum(each.size for each in layers))
    try:
        with whole_file(file) as out:
            for layer in layers:
                with source.blob(layer) as stream:
                    while data := stream.read(_CHUNK):
                        whole.update(data)
                        view = memoryview(data)
                        while view:
                            view = view[out.write(view) :]
                progress.advance(layer.size)
    finally:
        progress.done()
    if (found := f"sha256:{whole.hexdigest()}") != digest:
        raise wrong_digest(digest, found, source.where)


def _checked(file: Path, where: str) -> Manifest:
    try:
        return read_manifest(file)
    except UsageError as error:
        raise SourceError(f"what was pushed there: {error.what}", where=where, hint=_AGAIN) from error


def _found(reference: Reference | LocalReference, progress: Progress) -> tuple[Source, Sequence[Descriptor]]:
    cache = BlobCache()
    if isinstance(reference, LocalReference):
        return tagged(open_members(reference.path, cache, progress), reference.tag, str(reference))
    from converter.image.registry.pull import RegistrySource

    registry = RegistrySource(reference, cache, Silent(), time.sleep)
    return registry, [registry.resolve()[0]]


def _chosen(
    source: Source, descriptors: Sequence[Descriptor], platform: Platform
) -> tuple[Descriptor, Document]:
    """The unikernel's manifest for the platform, in an index or by itself.

    Told by its configuration, since tools that copy an index may drop artifactType (skopeo 1.9 does).
    """
    there: set[str] = set()
    for descriptor, manifest in _manifests(source, descriptors):
        if manifest.object("config").text("mediaType") != media.CONFIG:
            continue
        if descriptor.platform in (None, platform):
            return descriptor, manifest
        there.add(str(descriptor.platform))
    if there:
        raise IncompatibleImageError(
            f"there is no unikernel for {platform}; there is: {', '.join(sorted(there))}",
            where=source.where,
            hint=f"pull with --platform {min(there)}",
        )
    raise IncompatibleImageError(
        "this is no unikernel", where=source.where, hint="a container image becomes one with: u2k convert"
    )


def _manifests(source: Source, descriptors: Sequence[Descriptor]) -> Iterator[tuple[Descriptor, Document]]:
    """Of an index or a layout; those for platforms that are no unikernel's are few, and are looked at."""
    for descriptor in descriptors:
        document = parse_manifest(source.manifest(descriptor), f"{source.where}, manifest")
        if not is_index(document):
            yield descriptor, document
            continue
        for item in document.objects("manifests")[:_MANIFESTS_MAX]:
            listed = Descriptor.of(item)
            yield listed, parse_manifest(source.manifest(listed), f"{source.where}, manifest")


def _config(source: Source, manifest: Document) -> Document:
    """The object `file` of the configuration."""
    descriptor = Descriptor.of(manifest.object("config"))
    return Document.parse(source.config(descriptor), f"{source.where}, configuration").object("file")


def _title(manifest: Document, reference: Reference | LocalReference) -> str:
    """The file name it was pushed under, as far as it is one and nothing else; else after the reference."""
    title = manifest.text_map("annotations").get(media.TITLE, "")
    plain = title.isprintable() and "/" not in title and not title.startswith((".", "-"))
    return title if title and plain and len(title) <= 200 else f"{reference.short_name}.u2k"
