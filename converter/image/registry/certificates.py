"""Certificates that docker and podman keep for a registry, a folder each: containers-certs.d(5).

*.crt are authorities to trust; a client shows NAME.cert, whose key is NAME.key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def authorities_for(registry: str) -> tuple[Path, ...]:
    """Files with certificates that are trusted for `registry` (HOST[:PORT])."""
    return tuple(path for folder in _folders(registry) for path in sorted(folder.glob("*.crt")))


def identity_for(registry: str) -> tuple[Path, Path] | None:
    """The first client certificate with its key."""
    for folder in _folders(registry):
        for certificate in sorted(folder.glob("*.cert")):
            if (key := certificate.with_suffix(".key")).is_file():
                return certificate, key
    return None


def _folders(registry: str) -> Iterator[Path]:
    """The user's before the system's; docker without root has its own in ~/.config/docker."""
    own = os.environ.get("XDG_CONFIG_HOME", "")
    config = Path(own) if Path(own).is_absolute() else Path.home() / ".config"
    for above in (config / "containers", config / "docker", Path("/etc/containers"), Path("/etc/docker")):
        folder = above / "certs.d" / registry
        if folder.is_dir():
            yield folder
