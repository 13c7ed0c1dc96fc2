"""Requests to one registry as it wants them: tokens and passwords when it asks, errors people understand.

Distribution specification (opencontainers/distribution-spec, spec.md).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urljoin, urlsplit

import requests

from converter.errors import SourceError
from converter.image.credentials.lookup import find_credential
from converter.image.registry.access import Access, Lookup
from converter.image.registry.connection import Body, Connection
from converter.image.registry.denial import refused
from converter.image.registry.endpoint import Endpoint, origin_of
from converter.image.registry.retry import ATTEMPTS, Sleep, back_off


class Transport:
    """Requests to one endpoint. Logins come from what docker and podman keep, unless `lookup` is given.

    scopes:   what tokens are asked for besides what the registry says: ``repository:NAME:pull,push``
    attempts: of requests that do not say how often they are tried
    sleep:    takes seconds; tests give another one
    """

    def __init__(
        self,
        endpoint: Endpoint,
        sleep: Sleep = time.sleep,
        *,
        scopes: Iterable[str] = (),
        lookup: Lookup = find_credential,
        attempts: int = ATTEMPTS,
    ) -> None:
        self.endpoint = endpoint
        self._attempts = attempts
        self._connection = Connection(endpoint, sleep)
        self._access = Access(self._connection, lookup, scopes)

    def get(self, path: str, where: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """The reply (200 or 206), its body not read yet; the caller closes it. Errors: as `request`."""
        return self.request("GET", path, where, headers=headers, expected=(200, 206))

    def request(
        self,
        method: str,
        target: str,
        where: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        expected: Collection[int] = (200,),
        attempts: int | None = None,
    ) -> requests.Response:
        """The reply, its status one of `expected`, with its body not read yet; the caller closes it.

        target:   a path, or a URL that the registry gave (Location); only its own host gets credentials
        body:     bytes, or a seekable stream that is sent from where it stands to its end
        attempts: for cut connections, 429 and 5xx; 1 where the same request may not be sent twice
        Errors: SourceError: another status, no login or a wrong one, no reply.
        """
        home = origin_of(self.endpoint.base)
        try:
            url = urljoin(f"{self.endpoint.base}/", target)
            there = origin_of(url)
        except ValueError as error:
            raise SourceError(
                "it names a place that is none", where=where, hint="the registry is set up wrongly"
            ) from error
        start = 0 if body is None or isinstance(body, bytes) else body.tell()
        answered = False
        while True:
            authorization = self._access.header(where) if there == home else ""
            reply = self._connection.request(
                method,
                url,
                where,
                authorization=authorization,
                headers=headers,
                body=body,
                attempts=attempts or self._attempts,
            )
            if reply.status_code in expected:
                return reply
            # A host to which the registry has led must not ask for the registry's login.
            at_home = origin_of(reply.url) == home
            if reply.status_code != 401 or answered or not at_home:
                raise self._error(reply, where, at_home)
            answered = True
            with reply:
                self._access.answer(reply.headers.get("WWW-Authenticate", ""), where)
            if body is not None and not isinstance(body, bytes):
                body.seek(start)

    def back_off(self, attempt: int, where: str) -> None:
        """Waits before another attempt, longer each time."""
        back_off(attempt, None, where, self._connection.sleep)

    def _error(self, reply: requests.Response, where: str, at_home: bool) -> SourceError:
        if reply.status_code in (401, 403) and at_home:
            reply.close()
            return self._access.refusal(where, reply.status_code)
        return refused(reply, urlsplit(reply.url).netloc, self.endpoint.registry, where)
