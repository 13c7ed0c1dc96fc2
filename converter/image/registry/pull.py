"""An image in a registry, over HTTP(S) (distribution-spec, spec.md, "Pull"); no engine takes part."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from typing import BinaryIO, TypeVar, cast

from converter.errors import IncompatibleImageError, SourceError
from converter.image.blobs import BlobCache
from converter.image.digest import VerifyingReader, is_digest, verify, wrong_digest
from converter.image.document import MAX_CONFIG, MAX_MANIFEST
from converter.image.manifest import Descriptor, assemble, choose, is_index, parse_manifest
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.progress import Progress
from converter.image.reference import Reference
from converter.image.registry.repository import Fetched, Repository
from converter.image.registry.retry import ATTEMPTS, Sleep
from converter.image.registry.route import pull_routes
from converter.image.registry.tags import known_digest, note_digest
from converter.image.stored import ANY_MANIFEST
from converter.image.tree import Span

_LOG = logging.getLogger("u2k")
_T = TypeVar("_T")
_PIECE = 256 << 10
_ATTEMPTS_AT_MIRRORS = 2  # there is another place to go to


def open_from_registry(
    reference: Reference, wanted: Platform, cache: BlobCache, progress: Progress, sleep: Sleep = time.sleep
) -> Image:
    """The image for `wanted`; layers are fetched when opened, and kept in `cache`.

    Errors: SourceError (network, not found, wrong bytes), IncompatibleImageError (schema 1, no such
    platform, Windows).
    """
    source = RegistrySource(reference, cache, progress, sleep)
    top, data = source.resolve()
    document = parse_manifest(data, source.where)
    if is_index(document):
        listed = [Descriptor.of(item) for item in document.objects("manifests")]
        descriptor, document = choose(source, listed, wanted, source.where)
    else:
        descriptor = top
    return assemble(source, descriptor, document, wanted, source.where)


class RegistrySource:
    """Manifests and blobs of one image; a `converter.image.manifest.Source`.

    What a mirror does not have, or has wrong, comes from the next place, as does all that follows.
    """

    def __init__(self, reference: Reference, cache: BlobCache, progress: Progress, sleep: Sleep) -> None:
        self._reference = reference
        self._cache = cache
        self._progress = progress
        self._sleep = sleep
        self._routes = pull_routes(reference)
        self._repository: Repository | None = None
        self.where = reference.familiar

    def resolve(self) -> tuple[Descriptor, bytes]:
        """What tag or digest stands for. A digest that is in the cache needs no network."""
        wanted = self._reference.digest
        if wanted is not None and (cached := self._cached(wanted)) is not None:
            return Descriptor("", wanted, len(cached)), cached
        if (same := self._unchanged()) is not None:
            return same
        found, digest = self._somewhere(self._resolved)
        self._keep(digest, found.data)
        if wanted is None:
            note_digest(self._cache, self._reference, digest)
        return Descriptor(found.kind, digest, len(found.data)), found.data

    def _unchanged(self) -> tuple[Descriptor, bytes] | None:
        """What the tag stood for when it was last looked up, if it still does; None: it has to be fetched."""
        known = None if self._reference.digest else known_digest(self._cache, self._reference)
        data = None if known is None else self._cached(known)
        if known is None or data is None:
            return None
        path = f"/manifests/{self._reference.tag}"
        now = self._somewhere(lambda place: place.digest(path, self.where, {"Accept": ANY_MANIFEST}))
        return (Descriptor("", known, len(data)), data) if now == known else None

    def _resolved(self, repository: Repository) -> tuple[Fetched, str]:
        wanted = self._reference.digest
        path = f"/manifests/{wanted or self._reference.tag}"
        found = repository.document(path, MAX_MANIFEST, self.where, {"Accept": ANY_MANIFEST})
        if found.kind.startswith("application/vnd.docker.distribution.manifest.v1+"):
            raise IncompatibleImageError(
                "a Docker schema 1 manifest, a format given up in 2016",
                where=self.where,
                hint="pull and push the image again with a current docker, then convert that",
            )
        if wanted is not None:
            verify(found.data, wanted, self.where)
            return found, wanted
        digest = f"sha256:{hashlib.sha256(found.data).hexdigest()}"
        if is_digest(found.said) and found.said.startswith("sha256:") and found.said != digest:
            raise wrong_digest(found.said, digest, self.where)
        return found, digest

    def manifest(self, descriptor: Descriptor) -> bytes:
        return self._document("manifests", descriptor, MAX_MANIFEST, {"Accept": ANY_MANIFEST})

    def config(self, descriptor: Descriptor) -> bytes:
        return self._document("blobs", descriptor, MAX_CONFIG, {})

    def _document(self, kind: str, descriptor: Descriptor, limit: int, headers: dict[str, str]) -> bytes:
        where = f"{self.where}, {kind[:-1]} {descriptor.digest[:19]}"

        def fetch(repository: Repository) -> bytes:
            found = repository.document(f"/{kind}/{descriptor.digest}", limit, where, headers).data
            if len(found) != descriptor.size:
                raise SourceError(
                    f"{len(found)} bytes came, {descriptor.size} were announced",
                    where=where,
                    hint="the image was damaged on its way or in the registry; push it again",
                )
            return verify(found, descriptor.digest, where)

        data = self._cached(descriptor.digest)
        if data is None:
            data = self._somewhere(fetch)
            self._keep(descriptor.digest, data)
        return data

    def _cached(self, digest: str) -> bytes | None:
        try:
            return verify(self._cache.blob_path(digest).read_bytes(), digest, self.where)
        except (OSError, SourceError):
            return None

    def _keep(self, digest: str, data: bytes) -> None:
        with self._cache.writing(self._cache.blob_path(digest)) as stream:
            stream.write(data)

    def blob(self, descriptor: Descriptor) -> BinaryIO:
        """A layer, out of the cache; it is fetched first if it is not there."""
        path = self._cache.blob_path(descriptor.digest)
        if not path.is_file() or path.stat().st_size != descriptor.size:
            self._somewhere(lambda repository: self._download(repository, descriptor))
        return path.open("rb")

    def _download(self, repository: Repository, descriptor: Descriptor) -> None:
        where = f"{self.where}, blob {descriptor.digest[:19]}"
        raw = cast(BinaryIO, repository.blob(descriptor.digest, descriptor.size, where))
        self._progress.start(f"Fetching {descriptor.digest[7:19]}", descriptor.size)
        try:
            with (
                VerifyingReader(raw, descriptor.digest, descriptor.size, where) as stream,
                self._cache.writing(self._cache.blob_path(descriptor.digest)) as target,
            ):
                while piece := stream.read(_PIECE):
                    view = memoryview(piece)
                    while view:
                        view = view[target.write(view) :]
                    self._progress.advance(len(piece))
        finally:
            self._progress.done()

    def plain(self, descriptor: Descriptor) -> Span | None:
        return None

    def _somewhere(self, fetch: Callable[[Repository], _T]) -> _T:
        """What `fetch` has from the place in use, or from the first one behind it that does not fail."""
        while True:
            if self._repository is None:
                attempts = ATTEMPTS if len(self._routes) == 1 else _ATTEMPTS_AT_MIRRORS
                self._repository = Repository(self._routes[0], self._sleep, attempts)
            try:
                return fetch(self._repository)
            except SourceError as error:
                if len(self._routes) == 1:
                    raise
                _LOG.info("%s: not from the mirror %s: %s", self.where, self._repository.host, error.what)
                del self._routes[0]
                self._repository = None
