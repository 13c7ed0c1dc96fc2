"""TLS of a session: the system's authorities and those of one registry, which other hosts do not get."""

from __future__ import annotations

import ssl
from typing import Any

import requests
import urllib3
from requests.adapters import DEFAULT_POOLSIZE, HTTPAdapter

from converter.errors import UsageError
from converter.image.registry.endpoint import Endpoint


class _Trusting(HTTPAdapter):
    """Connections with a TLS context, which is made when the first one needs it."""

    def __init__(self, endpoint: Endpoint | None) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._context: ssl.SSLContext | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        if self._context is None:
            self._context = _context(self._endpoint)
            self.init_poolmanager(DEFAULT_POOLSIZE, DEFAULT_POOLSIZE, ssl_context=self._context)
        if self._endpoint is not None and self._endpoint.insecure:
            options["verify"] = False
        return super().send(request, *args, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)


def trust(session: requests.Session, endpoint: Endpoint) -> None:
    """Connections of `session` to the endpoint's host follow its settings, all others the system's."""
    if endpoint.base.startswith("https:"):
        session.mount(f"{endpoint.base}/", _Trusting(endpoint))
        if endpoint.insecure:  # the user has said so, and need not be told
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session.mount("https://", _Trusting(None))


def _context(endpoint: Endpoint | None) -> ssl.SSLContext:
    """Errors: UsageError for files that are no certificates."""
    context = ssl.create_default_context()
    if endpoint is None:
        return context
    if endpoint.insecure:
        context.check_hostname = False
    for path in endpoint.authorities:
        try:
            context.load_verify_locations(path)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"no certificate in it: {error}", where=str(path), hint="it must be in PEM"
            ) from error
    if endpoint.identity is not None:
        certificate, key = endpoint.identity
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"no certificate with this key: {error}",
                where=f"{certificate}, {key}",
                hint="both must be in PEM",
            ) from error
    return context
