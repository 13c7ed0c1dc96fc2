"""Which engines there may be: as docker and podman say where theirs is, then their usual sockets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from converter.image.credentials.lookup import docker_config_path


@dataclass(frozen=True, slots=True)
class EngineTls:
    """Files in PEM that a TLS connection to an engine uses, and whether its certificate is checked."""

    authority: Path | None
    identity: tuple[Path, Path] | None
    verified: bool

    @classmethod
    def in_folder(cls, folder: Path, *, verified: bool) -> EngineTls:
        """By docker's names: ca.pem, cert.pem, key.pem."""
        authority, certificate, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
        pair = (certificate, key) if certificate.is_file() and key.is_file() else None
        return cls(authority if authority.is_file() else None, pair, verified)


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """An engine that may be there.

    url:    unix:///PATH, tcp://HOST:PORT, ssh://[USER@]HOST[:PORT][/PATH]
    origin: who says so, for people
    tls:    for tcp, or None: without
    podman: whether it is podman's, which other words reach over ssh
    """

    url: str
    origin: str
    tls: EngineTls | None = None
    podman: bool = False

    def __str__(self) -> str:
        return f"{self.url} ({self.origin})"

    @property
    def socket(self) -> Path | None:
        """The file of a Unix socket."""
        parts = urlsplit(self.url)
        return Path(parts.netloc + parts.path) if parts.scheme == "unix" else None


def engine_addresses() -> Iterator[EngineAddress]:
    """In the order in which they are asked; a socket's file need not be there.

    Whoever names an engine means that one: then no usual sockets are looked at. UsageError: a broken context.
    """
    named = _docker_named()
    yield from named
    if remote := os.environ.get("CONTAINER_HOST"):
        yield EngineAddress(remote, "CONTAINER_HOST", podman=True)
    elif not named:
        yield from _usual_sockets()


def _docker_named() -> list[EngineAddress]:
    """docker's own order: DOCKER_HOST, DOCKER_CONTEXT, then what `docker context use` chose."""
    from converter.image.engine.context import chosen_context

    if host := os.environ.get("DOCKER_HOST"):
        return [
            EngineAddress(host, "DOCKER_HOST", _tls_of_environment() if host.startswith("tcp:") else None)
        ]
    found = chosen_context()
    return [found] if found else []


def _tls_of_environment() -> EngineTls | None:
    verified = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    if not verified and not os.environ.get("DOCKER_TLS"):
        return None
    folder = os.environ.get("DOCKER_CERT_PATH") or docker_config_path().parent
    return EngineTls.in_folder(Path(folder), verified=verified)


def _usual_sockets() -> Iterator[EngineAddress]:
    session = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    for path in ("/var/run/docker.sock", f"{session}/docker.sock", f"{Path.home()}/.docker/run/docker.sock"):
        yield EngineAddress(f"unix://{path}", "docker's socket")
    for path in (f"{session}/podman/podman.sock", "/run/podman/podman.sock"):
        yield EngineAddress(f"unix://{path}", "podman's socket", podman=True)
