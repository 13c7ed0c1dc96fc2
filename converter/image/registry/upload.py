"""Pushing to one repository (distribution-spec, spec.md, "Push" and "Listing Referrers")."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import BinaryIO
from urllib.parse import urlencode

import requests

from converter.errors import SourceError
from converter.image.credentials.lookup import find_credential
from converter.image.digest import wrong_digest
from converter.image.document import MAX_MANIFEST
from converter.image.registry.reply import CUT, read_reply
from converter.image.registry.repository import Fetched
from converter.image.registry.retry import ATTEMPTS, Sleep
from converter.image.registry.route import Route
from converter.image.registry.transport import Transport
from converter.image.stored import ANY_MANIFEST, digest_of


class Upload:
    """Requests that write to the repository at the end of `route`.

    others: repositories of the same registry that blobs may be mounted from; a token has to allow that
    """

    def __init__(self, route: Route, others: Iterable[str] = (), sleep: Sleep = time.sleep) -> None:
        there = route.settled(sleep)
        self.host = there.endpoint.host
        self.repository = there.repository
        scopes = [f"repository:{there.repository}:pull,push"]
        scopes += [f"repository:{other}:pull" for other in others]
        lookup = partial(find_credential, repository=there.repository)
        self._path = f"/v2/{there.repository}"
        self._transport = Transport(there.endpoint, sleep, scopes=scopes, lookup=lookup)

    def has_blob(self, digest: str, where: str) -> bool:
        """Whether the repository has it. Errors: SourceError."""
        return self._has(f"/blobs/{digest}", where)

    def has_manifest(self, digest: str, where: str) -> bool:
        """Whether the repository has it. Errors: SourceError."""
        return self._has(f"/manifests/{digest}", where)

    def _has(self, path: str, where: str) -> bool:
        accept = {"Accept": ANY_MANIFEST}
        reply = self._transport.request("HEAD", self._path + path, where, headers=accept, expected=(200, 404))
        with reply:
            return reply.status_code == 200

    def mount(self, digest: str, other: str, where: str) -> bool:
        """Have the registry share a blob of the repository `other`; False: it does not. Errors:
        SourceError."""
        query = urlencode({"mount": digest, "from": other})
        with self._transport.request(
            "POST", f"{self._path}/blobs/uploads/?{query}", where, body=b"", expected=(201, 202)
        ) as reply:
            if reply.status_code == 201:
                return True
            self._cancel(reply, where)  # it has begun an upload instead
            return False

    def _cancel(self, reply: requests.Response, where: str) -> None:
        place = reply.headers.get("Location", "")
        if place:
            self._transport.request(
                "DELETE", place, where, expected=(200, 202, 204, 404, 405), attempts=1
            ).close()

    def blob(self, digest: str, size: int, contents: Callable[[], BinaryIO], where: str) -> None:
        """Send `size` bytes; `contents` gives them from the start, for each attempt anew.

        An upload that was cut is given up, and another one begun: what the registry has got of it is not
        told by all. Blobs are small for that. Errors: SourceError.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._send(digest, size, contents, where)
                return
            except SourceError as error:
                if attempt == ATTEMPTS or not isinstance(error.__cause__, CUT):
                    raise
                self._transport.back_off(attempt, where)

    def _send(self, digest: str, size: int, contents: Callable[[], BinaryIO], where: str) -> None:
        with self._transport.request(
            "POST", f"{self._path}/blobs/uploads/", where, body=b"", expected=(202,)
        ) as reply:
            place = reply.headers.get("Location", "")
        if not place:
            raise SourceError(
                "the registry began an upload and does not say where",
                where=where,
                hint="it does not follow the distribution specification",
            )
        joined = "&" if "?" in place else "?"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        with contents() as stream:
            self._transport.request(
                "PUT",
                f"{place}{joined}{urlencode({'digest': digest})}",
                where,
                headers=headers,
                body=stream,
                expected=(201, 204),
                attempts=1,
            ).close()

    def manifest(self, name: str, where: str) -> Fetched | None:
        """What the tag or digest `name` stands for; None: nothing. Errors: SourceError."""
        accept = {"Accept": ANY_MANIFEST}
        with self._transport.request(
            "GET", f"{self._path}/manifests/{name}", where, headers=accept, expected=(200, 404)
        ) as reply:
            if reply.status_code == 404:
                return None
            kind = reply.headers.get("Content-Type", "").partition(";")[0].strip()
            said = reply.headers.get("Docker-Content-Digest", "")
            return Fetched(kind, said, read_reply(reply, MAX_MANIFEST, where))

    def put_manifest(self, name: str, kind: str, data: bytes, where: str) -> bool:
        """Store a manifest or index as `name`, a tag or its digest.

        Whether the registry took note of its subject, so that it lists it among the referrers of that.
        Errors: SourceError, also when the registry has another digest for it.
        """
        digest = digest_of(data)
        with self._transport.request(
            "PUT",
            f"{self._path}/manifests/{name}",
            where,
            headers={"Content-Type": kind},
            body=data,
            expected=(201,),
        ) as reply:
            said = reply.headers.get("Docker-Content-Digest", digest)
            if said != digest:
                raise wrong_digest(digest, said, where)
            return bool(reply.headers.get("OCI-Subject"))
