"""Whether a registry accepts a login (distribution-spec, "Determining Support": GET /v2/)."""

from __future__ import annotations

import time

from converter.errors import UsageError
from converter.image.credentials.lookup import Search
from converter.image.credentials.model import Credential
from converter.image.reference import HUB, canonical, is_host
from converter.image.registry.connection import settled
from converter.image.registry.retry import Sleep
from converter.image.registry.route import endpoint_of
from converter.image.registry.transport import Transport


def registry_named(text: str | None) -> str:
    """HOST[:PORT] of what a user calls a registry, a URL too; by default docker.io. UsageError: no host."""
    if text is None:
        return HUB
    host = text.removeprefix("https://").removeprefix("http://").partition("/")[0]
    if not is_host(host):
        raise UsageError(f"{text!r} is no registry", hint="write HOST or HOST:PORT, as in ghcr.io")
    return canonical(host)


def check_login(registry: str, credential: Credential, sleep: Sleep = time.sleep) -> bool:
    """True: the registry accepts it. False: it lets everyone in, so nothing was checked.

    Errors: SourceError: a wrong login, or no answer; UsageError: settings.
    """
    asked = False

    def lookup(_: str) -> Search:
        nonlocal asked
        asked = True
        return Search(credential)

    transport = Transport(settled(endpoint_of(registry), sleep), sleep, lookup=lookup)
    transport.request("GET", "/v2/", registry).close()
    return asked
