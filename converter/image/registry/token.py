"""Access tokens from a token server: distribution's docs/spec/auth/token.md; for identity tokens oauth.md."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import requests

from converter.errors import SourceError
from converter.image.credentials.lookup import Search
from converter.image.credentials.model import Credential
from converter.image.registry.connection import Connection
from converter.image.registry.denial import denied, refused, wrong_login
from converter.image.registry.endpoint import is_confidential, origin_of
from converter.image.registry.reply import CUT, MAX_REPLY, read_reply, unreachable
from converter.image.registry.retry import ATTEMPTS, back_off

_CLIENT = "u2k"
_LIFETIME = 60.0  # seconds, when the server does not say (token.md)
_MARGIN = 5.0  # seconds before its end at which a token is not sent any more


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and when it ends by time.monotonic()."""

    value: str = field(repr=False)
    ends: float

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() < self.ends - _MARGIN


def fetch_token(
    connection: Connection,
    parameters: Mapping[str, str],
    scopes: Iterable[str],
    found: Search,
    where: str,
) -> Token:
    """A token for `scopes` from the server that the challenge's `parameters` name.

    Errors: SourceError: it refuses, does not answer, or others could listen.
    """
    realm, registry = parameters.get("realm", ""), connection.endpoint.registry
    _check(realm, connection, found, where)
    credential, attempt = found.credential, 1
    while True:
        try:
            with _asked(connection, realm, parameters.get("service"), scopes, credential, where) as reply:
                if reply.status_code == 200:
                    return _token_in(read_reply(reply, MAX_REPLY, where), where)
                if reply.status_code in (400, 401, 403):
                    if credential is not None:
                        raise wrong_login(where, registry, credential)
                    raise denied(where, registry, found)
                raise refused(reply, urlsplit(realm).netloc, registry, where)
        except CUT as error:
            if attempt == ATTEMPTS:
                raise unreachable(error, urlsplit(realm).netloc, where) from error
            back_off(attempt, None, where, connection.sleep)
            attempt += 1


def _asked(
    connection: Connection,
    realm: str,
    service: str | None,
    scopes: Iterable[str],
    credential: Credential | None,
    where: str,
) -> requests.Response:
    served = [] if service is None else [("service", service)]
    if credential is not None and credential.identity_token:
        form = [
            ("grant_type", "refresh_token"),
            *served,
            ("client_id", _CLIENT),
            ("scope", " ".join(scopes)),
            ("refresh_token", credential.identity_token),
        ]
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        # Wherever else it would lead, the body would go as well.
        return connection.request("POST", realm, where, headers=kind, body=body, follow=False)
    query = urlencode([*served, *(("scope", scope) for scope in scopes)])
    joint = "&" if urlsplit(realm).query else "?"
    basic = credential.basic() if credential is not None and credential.has_password else ""
    return connection.request("GET", f"{realm}{joint}{query}" if query else realm, where, authorization=basic)


def _check(realm: str, connection: Connection, found: Search, where: str) -> None:
    """SourceError unless `realm` is a URL, with TLS as far as the registry has it, and a login always."""
    registry = connection.endpoint.registry
    try:
        origin_of(realm)
    except ValueError as error:
        raise denied(where, registry, found) from error
    if is_confidential(realm):
        return
    if found.credential is not None or is_confidential(connection.endpoint.base):
        raise SourceError(
            f"its token server, {urlsplit(realm).netloc}, has no TLS",
            where=where,
            hint="nothing was sent there, since others could listen; the registry is to name one with https://",
        )


def _token_in(data: bytes, where: str) -> Token:
    try:
        reply = json.loads(data)
        token = reply.get("token") or reply.get("access_token")
        seconds = reply.get("expires_in")
    except (ValueError, RecursionError, AttributeError):
        token = seconds = None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise SourceError("the token server's answer has no token", where=where, hint="try again later")
    lasts = float(seconds) if isinstance(seconds, int | float) and 0 < seconds < 1e9 else _LIFETIME
    return Token(token, time.monotonic() + lasts)
