"""An image in a registry, over HTTP(S) (distribution-spec, spec.md, "Pull"); no engine takes part."""

from __future__ import annotations

import hashlib
import io
import time
from typing import BinaryIO, cast

import requests
import urllib3

from converter.errors import IncompatibleImageError, SourceError
from converter.image.blobs import BlobCache
from converter.image.digest import VerifyingReader, is_digest, verify, wrong_digest
from converter.image.document import MAX_CONFIG, MAX_MANIFEST
from converter.image.manifest import Descriptor, assemble, choose, is_index, parse_manifest
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.progress import Progress
from converter.image.reference import Reference
from converter.image.registry.endpoint import plain_endpoint
from converter.image.registry.reply import CUT, read_reply
from converter.image.registry.retry import ATTEMPTS, Sleep
from converter.image.registry.transport import Transport
from converter.image.tree import Span

_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_PIECE = 256 << 10
_BROKEN = (*CUT, urllib3.exceptions.HTTPError, OSError)


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
    """Manifests and blobs of one repository; a `converter.image.manifest.Source`."""

    def __init__(self, reference: Reference, cache: BlobCache, progress: Progress, sleep: Sleep) -> None:
        self._reference = reference
        self._cache = cache
        self._progress = progress
        self._transport = Transport(plain_endpoint(reference.registry), sleep)
        self._path = f"/v2/{reference.repository}"
        self.where = reference.familiar

    def resolve(self) -> tuple[Descriptor, bytes]:
        """What tag or digest stands for. A digest that is in the cache needs no network."""
        wanted = self._reference.digest
        if wanted is not None and (cached := self._cached(wanted)) is not None:
            return Descriptor("", wanted, len(cached)), cached
        kind, said, data = self._fetch(
            f"/manifests/{wanted or self._reference.tag}", MAX_MANIFEST, self.where, {"Accept": _ACCEPT}
        )
        if kind.startswith("application/vnd.docker.distribution.manifest.v1+"):
            raise IncompatibleImageError(
                "a Docker schema 1 manifest, a format given up in 2016",
                where=self.where,
                hint="pull and push the image again with a current docker, then convert that",
            )
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if wanted is not None:
            verify(data, wanted, self.where)
        elif is_digest(said) and said.startswith("sha256:") and said != found:
            raise wrong_digest(said, found, self.where)
        self._keep(wanted or found, data)
        return Descriptor(kind, wanted or found, len(data)), data

    def manifest(self, descriptor: Descriptor) -> bytes:
        return self._document("manifests", descriptor, MAX_MANIFEST, {"Accept": _ACCEPT})

    def config(self, descriptor: Descriptor) -> bytes:
        return self._document("blobs", descriptor, MAX_CONFIG, {})

    def _document(self, kind: str, descriptor: Descriptor, limit: int, headers: dict[str, str]) -> bytes:
        where = f"{self.where}, {kind[:-1]} {descriptor.digest[:19]}"
        data = self._cached(descriptor.digest)
        if data is None:
            _, _, data = self._fetch(f"/{kind}/{descriptor.digest}", limit, where, headers)
            if len(data) != descriptor.size:
                raise SourceError(
                    f"{len(data)} bytes came, {descriptor.size} were announced",
                    where=where,
                    hint="the image was damaged on its way or in the registry; push it again",
                )
            self._keep(descriptor.digest, verify(data, descriptor.digest, where))
        return data

    def _cached(self, digest: str) -> bytes | None:
        try:
            return verify(self._cache.blob_path(digest).read_bytes(), digest, self.where)
        except (OSError, SourceError):
            return None

    def _keep(self, digest: str, data: bytes) -> None:
        with self._cache.writing(self._cache.blob_path(digest)) as stream:
            stream.write(data)

    def _fetch(self, path: str, limit: int, where: str, headers: dict[str, str]) -> tuple[str, str, bytes]:
        """(media type, digest header, body) of a small document."""
        attempt = 1
        while True:
            try:
                with self._transport.get(self._path + path, where, headers) as reply:
                    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip()
                    said = reply.headers.get("Docker-Content-Digest", "")
                    return kind, said, read_reply(reply, limit, where)
            except _BROKEN as error:
                if attempt >= ATTEMPTS:
                    raise _cut(where, error) from error
                self._transport.back_off(attempt, where)
                attempt += 1

    def blob(self, descriptor: Descriptor) -> BinaryIO:
        """A layer, out of the cache; it is fetched first if it is not there."""
        path = self._cache.blob_path(descriptor.digest)
        if not path.is_file() or path.stat().st_size != descriptor.size:
            self._download(descriptor)
        return path.open("rb")

    def _download(self, descriptor: Descriptor) -> None:
        where = f"{self.where}, blob {descriptor.digest[:19]}"
        raw = _ResumedBlob(self._transport, f"{self._path}/blobs/{descriptor.digest}", descriptor.size, where)
        self._progress.start(f"Fetching {descriptor.digest[7:19]}", descriptor.size)
        try:
            with (
                VerifyingReader(cast(BinaryIO, raw), descriptor.digest, descriptor.size, where) as stream,
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


class _ResumedBlob(io.RawIOBase):
    """A blob's bytes; a connection that is cut is taken up where it ended (RFC 9110 14, Range)."""

    def __init__(self, transport: Transport, path: str, size: int, where: str) -> None:
        super().__init__()
        self._transport, self._path, self._size, self._where = transport, path, size, where
        self._reply: requests.Response | None = None
        self._at = 0
        self._failures = 0  # in a row, without a byte between them

    def read(self, size: int = -1) -> bytes:
        while True:
            try:
                if self._reply is None:
                    self._reply = self._connect()
                data = bytes(self._reply.raw.read(size, decode_content=False))
                if data or self._at >= self._size:
                    self._at += len(data)
                    self._failures = 0
                    return data
                raise OSError(f"it ended after {self._at} of {self._size} bytes")
            except _BROKEN as error:
                self._failures += 1
                self._drop()
                if self._failures >= ATTEMPTS:
                    raise _cut(self._where, error) from error
                self._transport.back_off(self._failures, self._where)

    def _connect(self) -> requests.Response:
        headers = {"Range": f"bytes={self._at}-"} if self._at else {}
        reply = self._transport.get(self._path, self._where, headers)
        if self._at and reply.status_code != 206:  # this server knows no ranges: skip what we have
            skip = self._at
            while skip:
                data = reply.raw.read(min(skip, _PIECE), decode_content=False)
                if not data:
                    raise OSError(f"it ended after {self._at - skip} of {self._size} bytes")
                skip -= len(data)
        return reply

    def _drop(self) -> None:
        if self._reply is not None:
            self._reply.close()
            self._reply = None

    def close(self) -> None:
        self._drop()
        super().close()


def _cut(where: str, error: BaseException) -> SourceError:
    return SourceError(
        f"truncated: the connection was cut {ATTEMPTS} times ({str(error)[:200]})",
        where=where,
        hint="check the network and try again; if it stays, the registry's copy is damaged",
    )
