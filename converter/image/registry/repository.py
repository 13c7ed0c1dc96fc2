"""One repository at one place: its documents and blobs, by path."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from converter.image.credentials.lookup import find_credential
from converter.image.registry.blob import BROKEN, ResumedBlob, cut
from converter.image.registry.denial import quota
from converter.image.registry.reply import read_reply
from converter.image.registry.retry import ATTEMPTS, Sleep
from converter.image.registry.route import Route
from converter.image.registry.transport import Transport

_LOG = logging.getLogger("u2k")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A small document as it came: its media type, and the digest that the registry says it has, or ""."""

    kind: str
    said: str
    data: bytes


class Repository:
    """Requests to the repository at the end of `route`, each tried up to `attempts` times."""

    def __init__(self, route: Route, sleep: Sleep, attempts: int = ATTEMPTS) -> None:
        there = route.settled(sleep)
        self.host = there.endpoint.host
        self._path = f"/v2/{there.repository}"
        lookup = partial(find_credential, repository=there.repository)
        self._transport = Transport(there.endpoint, sleep, lookup=lookup, attempts=attempts)

    def document(self, path: str, limit: int, where: str, headers: Mapping[str, str]) -> Fetched:
        """A manifest or configuration of at most `limit` bytes. Errors: SourceError."""
        attempt = 1
        while True:
            try:
                with self._transport.get(self._path + path, where, headers) as reply:
                    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip()
                    said = reply.headers.get("Docker-Content-Digest", "")
                    if (left := quota(reply)) is not None:
                        _LOG.info("%s: %s", self.host, left)
                    return Fetched(kind, said, read_reply(reply, limit, where))
            except BROKEN as error:
                if attempt >= ATTEMPTS:
                    raise cut(where, error) from error
                self._transport.back_off(attempt, where)
                attempt += 1

    def digest(self, path: str, where: str, headers: Mapping[str, str]) -> str | None:
        """A manifest's digest, without fetching it; None where the registry does not say. SourceError."""
        with self._transport.request(
            "HEAD", self._path + path, where, headers=headers, expected=(200, 404, 405)
        ) as reply:
            return reply.headers.get("Docker-Content-Digest") if reply.status_code == 200 else None

    def blob(self, digest: str, size: int, where: str) -> ResumedBlob:
        """A blob of `size` bytes as a stream; nothing is verified. Errors, when it is read: SourceError."""
        return ResumedBlob(self._transport, f"{self._path}/blobs/{digest}", size, where)
