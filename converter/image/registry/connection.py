"""HTTP requests: tried again where that helps, and their credentials stay with the host they are for."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from converter import __version__
from converter.errors import SourceError
from converter.image.registry.endpoint import Endpoint, is_confidential, is_loopback, origin_of
from converter.image.registry.reply import is_final, unreachable
from converter.image.registry.retry import ATTEMPTS, Sleep, back_off, may_pass
from converter.image.registry.trust import trust

_LOG = logging.getLogger("u2k")
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of a reply
_REDIRECTS = 10
_NO_PROXY = {"http": "", "https": ""}  # for this machine, as docker has it
_LED_ELSEWHERE = {301, 302, 303, 307, 308}
_SAME_METHOD = {307, 308}  # RFC 9110 15.4: the others turn into GET

Body = bytes | BinaryIO | None


class _Authorization(AuthBase):
    """A header's value, or nothing; then it still keeps requests from sending what ~/.netrc says."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value:
            request.headers["Authorization"] = self._value
        return request


class _Session(requests.Session):
    """One that leaves redirects alone: even unasked it would read their bodies, however long, into memory."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Connection:
    """Requests to one endpoint, and to where it leads. `sleep` takes seconds; tests give another one."""

    def __init__(self, endpoint: Endpoint, sleep: Sleep = time.sleep) -> None:
        self.endpoint = endpoint
        self.sleep = sleep
        self._session = _Session()
        self._session.headers["User-Agent"] = f"u2k/{__version__}"
        self._session.headers["Accept-Encoding"] = "identity"  # digests are of the bytes as stored
        trust(self._session, endpoint)

    def request(
        self,
        method: str,
        url: str,
        where: str,
        *,
        authorization: str = "",
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        attempts: int = ATTEMPTS,
        follow: bool = True,
    ) -> requests.Response:
        """The reply, whatever its status, with its body not read yet; the caller closes it.

        authorization: sent to the host of `url` only, wherever that leads
        body:          a stream is sent from where it stands, and from there again by another attempt
        follow:        whether to go where the server leads; with a secret in `body` it must not
        Errors: SourceError when there is no reply after `attempts`.
        """
        start = 0 if body is None or isinstance(body, bytes) else body.tell()
        attempt = 1
        while True:
            reply: requests.Response | None = None
            try:
                reply = self._followed(method, url, where, authorization, headers or {}, body, start, follow)
                if attempt >= attempts or not may_pass(reply):
                    return reply
            except requests.exceptions.RequestException as error:
                if attempt >= attempts or is_final(error):
                    raise unreachable(error, urlsplit(url).netloc, where) from error
            back_off(attempt, reply, where, self.sleep)
            if reply is not None:
                reply.close()
            attempt += 1

    def _followed(
        self,
        method: str,
        url: str,
        where: str,
        authorization: str,
        headers: Mapping[str, str],
        body: Body,
        start: int,
        follow: bool,
    ) -> requests.Response:
        """One attempt, through at most `_REDIRECTS` hops."""
        home, now = origin_of(url), url
        for _ in range(_REDIRECTS):
            if body is not None and not isinstance(body, bytes):
                body.seek(start)
            reply = self._session.request(
                method,
                now,
                headers=dict(headers),
                data=body,
                auth=_Authorization(authorization if origin_of(now) == home else ""),
                proxies=_NO_PROXY if is_loopback(urlsplit(now).netloc) else None,
                stream=True,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
            to = reply.headers.get("Location", "")
            if not follow or not to or reply.status_code not in _LED_ELSEWHERE:
                return reply
            if method not in ("GET", "HEAD") and reply.status_code not in _SAME_METHOD:
                return reply
            reply.close()
            now = _next(now, to, where)
            _LOG.info("%s: led to %s", where, urlsplit(now).netloc.rpartition("@")[2])
        raise SourceError(
            f"led to another place {_REDIRECTS} times", where=where, hint="the registry is set up wrongly"
        )


def settled(endpoint: Endpoint, sleep: Sleep = time.sleep) -> Endpoint:
    """With the scheme that the place speaks, which is tried out only where both are allowed."""
    if not endpoint.insecure or not endpoint.base.startswith("https:"):
        return endpoint
    try:
        Connection(endpoint, sleep).request("GET", f"{endpoint.base}/v2/", "", attempts=1).close()
    except SourceError as error:
        _LOG.info("%s: no TLS (%s), so plain HTTP, as insecure says", endpoint.host, error.what)
        return replace(endpoint, base=f"http://{endpoint.host}")
    return endpoint


def _next(url: str, location: str, where: str) -> str:
    """Where a redirect leads. Errors: SourceError for what is no URL, or would give up TLS."""
    try:
        target = urljoin(url, location)
        origin_of(target)
    except ValueError as error:
        raise SourceError(
            "led to a place that is none", where=where, hint="the registry is set up wrongly"
        ) from error
    if is_confidential(url) and not is_confidential(target):
        raise SourceError(
            f"led from TLS to plain HTTP, at {urlsplit(target).netloc.rpartition('@')[2]}",
            where=where,
            hint="the registry is set up wrongly; nothing was fetched from there",
        )
    return target
