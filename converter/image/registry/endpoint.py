"""Where a registry is reached, and whom a connection to it trusts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from converter.image.reference import HUB

_HUB_HOST = "registry-1.docker.io"  # what docker.io means for images
_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether `host` (with or without port) is this machine: only there is plain HTTP used unasked."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454 4). ValueError when the URL has none of HTTP's."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("no URL of HTTP")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def is_confidential(url: str) -> bool:
    """Whether nobody between here and there can read what is sent: TLS, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.netloc.rpartition("@")[2])
    )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place that serves a registry's images: the registry itself, or a mirror of it.

    base:        URL without a path or a slash at its end
    registry:    by which credentials are looked up; for a mirror its own HOST[:PORT]
    insecure:    TLS with any certificate will do, and plain HTTP where there is no TLS
    authorities: files with certificates that are trusted besides the system's
    identity:    files with a client certificate and its key, or None
    """

    base: str
    registry: str
    insecure: bool = False
    authorities: tuple[Path, ...] = ()
    identity: tuple[Path, Path] | None = None

    @property
    def host(self) -> str:
        """HOST[:PORT] as errors say it."""
        return urlsplit(self.base).netloc


def host_of(registry: str) -> str:
    """HOST[:PORT] that answers for `registry`: another one only for Docker's Hub."""
    return _HUB_HOST if registry == HUB else registry


def plain_endpoint(registry: str) -> Endpoint:
    """The endpoint of a registry that nothing is configured for."""
    host = host_of(registry)
    return Endpoint(f"{'http' if is_loopback(host) else 'https'}://{host}", registry)
