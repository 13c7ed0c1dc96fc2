"""What requests to one registry are authorised by: nothing, until it asks; then a password or a token."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from converter.errors import SourceError
from converter.image.credentials.lookup import Search
from converter.image.registry.challenge import Challenge, chosen
from converter.image.registry.connection import Connection
from converter.image.registry.denial import denied, wrong_login
from converter.image.registry.token import Token, fetch_token

_LOG = logging.getLogger("u2k")

Lookup = Callable[[str], Search]


class Access:
    """The Authorization of requests over `connection`; `lookup` is called at most once, when it is needed.

    scopes: what tokens are asked for besides what the registry says (``repository:app:pull,push``)
    """

    def __init__(self, connection: Connection, lookup: Lookup, scopes: Iterable[str] = ()) -> None:
        self._connection = connection
        self._registry = connection.endpoint.registry
        self._lookup = lookup
        self._scopes = dict.fromkeys(scopes)  # an ordered set
        self._challenge: Challenge | None = None
        self._token: Token | None = None
        self._found: Search | None = None

    def header(self, where: str) -> str:
        """The header's value, or nothing. A token about to expire is replaced. Errors: as `answer`."""
        if self._challenge is None:
            return ""
        if self._challenge.scheme == "basic":
            return self._login.credential.basic() if self._login.credential else ""
        if self._token is None or not self._token.is_fresh:
            self._token = self._fetched(self._challenge, where)
        return f"Bearer {self._token.value}"

    def answer(self, header: str, where: str) -> None:
        """Do what WWW-Authenticate asks for. SourceError when that cannot be done."""
        challenge, credential = chosen(header), self._login.credential
        if challenge is None:
            raise self.refusal(where)
        if challenge.scheme == "basic":
            if credential is None or not credential.has_password or self._challenge == challenge:
                raise self.refusal(where)
        else:
            self._scopes |= dict.fromkeys(challenge.parameters.get("scope", "").split())
            self._token = self._fetched(challenge, where)
        self._challenge = challenge

    def refusal(self, where: str, status: int = 401) -> SourceError:
        """Why 401 or 403 is the last word on a request."""
        credential = self._login.credential
        # A token server would have refused a wrong password; a password alone is refused here, and by 401.
        unchecked = self._challenge is not None and self._challenge.scheme == "basic"
        if status == 401 and credential is not None and (unchecked or credential.registry_token):
            return wrong_login(where, self._registry, credential)
        return denied(where, self._registry, self._login)

    @property
    def _login(self) -> Search:
        if self._found is None:
            self._found = self._lookup(self._registry)
            if self._found.credential is not None:
                _LOG.info("%s: a login from %s", self._registry, self._found.credential.origin)
        return self._found

    def _fetched(self, challenge: Challenge, where: str) -> Token:
        credential = self._login.credential
        if credential is not None and credential.registry_token:
            return Token(credential.registry_token, float("inf"))
        return fetch_token(self._connection, challenge.parameters, self._scopes, self._login, where)
