"""Connections to engines, by the docker SDK."""

from __future__ import annotations

import logging
from typing import Any

from converter.errors import SourceError
from converter.image.engine.address import EngineAddress, engine_addresses

_LOG = logging.getLogger("u2k")
_TIMEOUT = 60  # seconds between two pieces of a reply
HINT = "start it, or name a registry's image or an archive (docker save -o FILE)"


def connected(address: EngineAddress) -> Any:
    """A docker.DockerClient that has reached the engine. Errors: SourceError when it does not answer."""
    if address.socket is not None and not address.socket.exists():
        raise SourceError(
            "the engine does not answer: there is no such socket", where=str(address), hint=HINT
        )
    import docker

    url, tunnel = address.url, None
    try:
        if url.startswith("ssh:"):
            from converter.image.engine.ssh import Tunnel

            tunnel = Tunnel(address)
            url = tunnel.url
        # version="auto" asks the engine, so it fails here when there is none
        client = docker.DockerClient(base_url=url, version="auto", timeout=_TIMEOUT, tls=_tls(address))
    except (docker.errors.DockerException, OSError, ValueError) as error:
        said = tunnel.last_words() if tunnel else ""
        if tunnel:
            tunnel.close()
        raise SourceError(
            f"the engine does not answer: {said or error}", where=str(address), hint=HINT
        ) from error
    if tunnel:
        client.api.close = tunnel.closing(client.api.close)
    return client


def _tls(address: EngineAddress) -> Any:
    """The SDK's TLS settings. Without this, REQUESTS_CA_BUNDLE would win over them."""
    import docker
    from requests.utils import get_environ_proxies

    tls = address.tls
    if tls is None:
        return False

    class Alone(docker.tls.TLSConfig):  # type: ignore[misc]  # the SDK has no types
        def configure_client(self, client: Any) -> None:
            super().configure_client(client)
            client.trust_env = False
            client.proxies = get_environ_proxies(address.url.replace("tcp:", "https:", 1))

    authority = str(tls.authority) if tls.authority else None
    pair = (str(tls.identity[0]), str(tls.identity[1])) if tls.identity else None
    return Alone(client_cert=pair, ca_cert=authority, verify=tls.verified)


def engine_client() -> Any:
    """A client of the first engine that answers. SourceError: none does; UsageError: a broken context."""
    last: SourceError | None = None
    for address in engine_addresses():
        try:
            return connected(address)
        except SourceError as error:
            if last is None or address.socket is None or address.socket.exists():
                last = error  # one that is there and does not answer says more than one that is not
    raise last or SourceError("there is no engine here", hint=HINT)


def engine_version() -> str:
    """The version of the engine that answers. Errors: as `engine_client`."""
    client = engine_client()
    import docker

    try:
        return str(client.version().get("Version"))
    except (docker.errors.DockerException, OSError) as error:
        raise SourceError(f"the engine broke off: {error}", hint=HINT) from error
    finally:
        client.close()
