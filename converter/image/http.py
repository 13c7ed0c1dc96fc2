"""HTTP as registries speak it: anonymous bearer tokens, retries with back-off, errors people understand.

Distribution specification (opencontainers/distribution-spec, spec.md); the token protocol is that of
distribution's docs/spec/auth/token.md.
"""

from __future__ import annotations

import email.utils
import ipaddress
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from converter import __version__
from converter.errors import SourceError

_LOG = logging.getLogger("u2k")
ATTEMPTS = 5
_BACK_OFF = 0.5  # seconds before the second attempt; doubled for each further one
_LONGEST_WAIT = 60.0  # seconds; of what Retry-After may ask for
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of a reply
_MAX_REPLY = 1 << 20  # bytes of a token or an error
_RETRIED = {429, 500, 502, 503, 504}
CUT = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
)

Sleep = Callable[[float], None]


def is_loopback(host: str) -> bool:
    """Whether `host` (with or without port) is this machine: only there is plain HTTP used."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


class _Bearer(AuthBase):
    """The token, if any. Being there, it also keeps requests from sending what ~/.netrc says."""

    token = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Transport:
    """GET requests to one registry. `sleep` takes seconds; tests give another one."""

    def __init__(self, host: str, sleep: Sleep = time.sleep) -> None:
        self.base = f"{'http' if is_loopback(host) else 'https'}://{host}"
        self._host = host
        self.sleep = sleep
        self._bearer = _Bearer()
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"u2k/{__version__}"
        self._session.headers["Accept-Encoding"] = "identity"  # digests are of the bytes as stored

    def get(self, path: str, where: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """The reply (200 or 206) with its body not read yet; the caller closes it.

        Errors: SourceError for anything else, after `ATTEMPTS` attempts where trying again can help.
        """
        asked_for_token = False
        attempt = 1
        while True:
            reply = self._send(self.base + path, where, headers or {}, attempt)
            if reply is not None and reply.status_code == 401 and not asked_for_token:
                asked_for_token = True
                challenge = reply.headers.get("WWW-Authenticate", "")
                reply.close()
                self._bearer.token = self._token(challenge, where)
                continue
            if reply is not None and reply.status_code in (200, 206):
                return reply
            if reply is not None and (reply.status_code not in _RETRIED or attempt >= ATTEMPTS):
                raise self._refused(reply, where)
            self.back_off(attempt, reply.headers.get("Retry-After") if reply is not None else None, where)
            if reply is not None:
                reply.close()
            attempt += 1

    def _send(
        self, url: str, where: str, headers: Mapping[str, str], attempt: int
    ) -> requests.Response | None:
        """The reply; None when the connection broke and trying again can help."""
        try:
            return self._session.get(
                url, headers=dict(headers), auth=self._bearer, stream=True, timeout=_TIMEOUT
            )
        except requests.exceptions.SSLError as error:
            raise SourceError(
                f"no trusted TLS connection to {self._host}: {_reason(error)}",
                where=where,
                hint="point REQUESTS_CA_BUNDLE at the certificate of the registry's authority",
            ) from error
        except requests.exceptions.RequestException as error:
            text = _reason(error)
            if "resolve" in text or "Name or service" in text or "getaddrinfo" in text:
                raise SourceError(
                    f"unknown host {self._host}", where=where, hint="check the host's name and the network"
                ) from error
            if "refused" in text:
                raise SourceError(
                    f"connection refused by {self._host}",
                    where=where,
                    hint="check host and port, and that the registry runs",
                ) from error
            if isinstance(error, CUT) and attempt < ATTEMPTS:
                return None
            raise SourceError(
                f"no answer from {self._host}: {text}", where=where, hint="check the network and try again"
            ) from error

    def back_off(self, attempt: int, retry_after: str | None, where: str) -> None:
        """Waits before another attempt: as long as the server asks for, else longer each time."""
        wait = _seconds(retry_after)
        if wait is None:
            wait = _BACK_OFF * 2 ** (attempt - 1)
        wait = min(wait, _LONGEST_WAIT)
        _LOG.info("%s: trying again in %.1f s", where, wait)
        self.sleep(wait)

    def _token(self, challenge: str, where: str) -> str:
        """An anonymous token for what the challenge names (RFC 6750 3; token.md)."""
        scheme, _, rest = challenge.partition(" ")
        fields = dict(re.findall(r'([a-z_]+)="([^"]*)"', rest))
        realm = fields.get("realm", "")
        if scheme.lower() != "bearer" or not _is_safe_realm(realm, self.base):
            raise _login(where)
        query = {key: fields[key] for key in ("service", "scope") if key in fields}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._session.get(
                    realm, params=query, auth=_Bearer(), stream=True, timeout=_TIMEOUT
                ) as reply:
                    if reply.status_code == 200:
                        return _token_of(read_reply(reply, _MAX_REPLY, where), where)
                    if reply.status_code not in _RETRIED or attempt == ATTEMPTS:
                        raise _login(where)
                    self.back_off(attempt, reply.headers.get("Retry-After"), where)
            except requests.exceptions.RequestException as error:
                if attempt == ATTEMPTS or not isinstance(error, CUT):
                    raise SourceError(
                        f"no token from {urlsplit(realm).netloc}: {_reason(error)}",
                        where=where,
                        hint="check the network and try again",
                    ) from error
                self.back_off(attempt, None, where)
        raise _login(where)

    def _refused(self, reply: requests.Response, where: str) -> SourceError:
        with reply:
            if reply.status_code in (401, 403):
                return _login(where)
            if reply.status_code == 404:
                return SourceError(
                    f"not found in {self._host}", where=where, hint="check the image's name and its tag"
                )
            said = _message(reply)
            return SourceError(
                f"{self._host} answered {reply.status_code} {reply.reason or ''}".rstrip() + said,
                where=where,
                hint="too many requests: wait a while" if reply.status_code == 429 else "try again later",
            )


def _login(where: str) -> SourceError:
    return SourceError(
        "the registry wants a login, or there is no such image",
        where=where,
        hint="check the name; for a private image, `docker pull` it and convert it from the local engine",
    )


def _is_safe_realm(realm: str, base: str) -> bool:
    """A registry on HTTPS must not send us to a plain HTTP server, unless on this machine."""
    try:
        parts = urlsplit(realm)
    except ValueError:
        return False
    if not parts.netloc or parts.scheme not in ("http", "https"):
        return False
    return parts.scheme == "https" or (base.startswith("http://") or is_loopback(parts.netloc))


def _token_of(data: bytes, where: str) -> str:
    try:
        reply = json.loads(data)
        token = reply.get("token") or reply.get("access_token")
    except (ValueError, RecursionError, AttributeError):
        token = None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise SourceError("the token server's answer has no token", where=where, hint="try again later")
    return token


def _message(reply: requests.Response) -> str:
    try:
        errors = json.loads(read_reply(reply, _MAX_REPLY, ""))["errors"]
        return f" ({str(errors[0]['message'])[:200]})"
    except (SourceError, *CUT, ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""


def read_reply(reply: requests.Response, limit: int, where: str) -> bytes:
    """The whole body. Errors: SourceError when it is longer than `limit` bytes; those of `CUT`."""
    data = bytearray()
    for piece in reply.iter_content(64 << 10):
        data += piece
        if len(data) > limit:
            raise SourceError(f"an answer of more than {limit} bytes", where=where, hint="try again later")
    return bytes(data)


def _seconds(retry_after: str | None) -> float | None:
    """RFC 9110 10.2.3: seconds or a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(min(int(retry_after.strip()[:9]), 10**6))
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _reason(error: BaseException) -> str:
    """The innermost message of an exception that libraries have wrapped several times."""
    text = str(error.args[0] if error.args else error)
    return re.sub(r"<[^>]*>(?:: )?", "", text)[:300]
