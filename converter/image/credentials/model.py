"""What a registry is shown to be let in."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name with a password, or a token; never shown, not even by repr().

    identity_token: what a token server gives access tokens for (OAuth2's refresh token)
    registry_token: an access token, sent as it is
    origin:         where it was found, for people: ``~/.docker/config.json``; or "": it was just typed
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    origin: str = ""

    @property
    def has_password(self) -> bool:
        return bool(self.username or self.password)

    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617 2, in UTF-8)."""
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")
