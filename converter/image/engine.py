"""An image of the local Docker engine: `docker save`, through the docker SDK, into the archive reader."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converter.errors import SourceError
from converter.image.blobs import BlobCache
from converter.image.docker_archive import open_archive
from converter.image.members import TarFile
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.progress import Progress
from converter.image.spool import spool

_LOG = logging.getLogger("u2k")
_SOCKETS = ("/var/run/docker.sock", "~/.docker/run/docker.sock")
_PIECE = 1 << 20
_TIMEOUT = 60  # seconds between two pieces of a reply


def _address() -> str | None:
    """$DOCKER_HOST, or a socket that exists; a look that is far cheaper than importing the SDK."""
    named = os.environ.get("DOCKER_HOST")
    if named:
        return named
    found = [path for name in _SOCKETS if (path := Path(name).expanduser()).exists()]
    return f"unix://{found[0]}" if found else None


def engine_client() -> Any:
    """A client that has reached the engine. Errors: SourceError when there is none."""
    address = _address()
    if address is None:
        raise SourceError("there is no Docker engine here", where=_SOCKETS[0], hint=_HINT)
    import docker

    try:
        # version="auto" asks the engine, so it fails here when there is none
        return docker.DockerClient(
            base_url=address,
            version="auto",
            timeout=_TIMEOUT,
            tls=_tls() if address.startswith("tcp:") else False,
        )
    except (docker.errors.DockerException, OSError) as error:
        raise SourceError(f"the Docker engine does not answer: {error}", where=address, hint=_HINT) from error


_HINT = "start it, or name a registry's image or an archive (docker save -o FILE)"


def _tls() -> Any:
    """The TLS settings that DOCKER_TLS_VERIFY and DOCKER_CERT_PATH ask for."""
    import docker

    return docker.utils.kwargs_from_env().get("tls", False)


def engine_version() -> str:
    """The version of the engine that answers. Errors: SourceError when none does."""
    client = engine_client()
    import docker

    try:
        return str(client.version().get("Version"))
    except (docker.errors.DockerException, OSError) as error:
        raise SourceError(f"the Docker engine broke off: {error}", where=_address(), hint=_HINT) from error
    finally:
        client.close()


def engine_has(name: str, wanted: Platform) -> bool:
    """Whether there is an engine that answers, with this image for this platform."""
    if _address() is None:
        return False
    import docker

    try:
        client = engine_client()
        try:
            found = client.images.get(name).attrs
        finally:
            client.close()
    except (SourceError, docker.errors.DockerException, OSError, ValueError) as error:
        _LOG.info("%s: not from the local Docker engine: %s", name, error)
        return False
    there = Platform(str(found.get("Os")), str(found.get("Architecture")))
    if (there.os, there.architecture) != (wanted.os, wanted.architecture):
        _LOG.info("%s: the local Docker engine has it for %s, not for %s", name, there, wanted)
        return False
    return True


def open_from_engine(name: str, wanted: Platform, cache: BlobCache, progress: Progress) -> Image:
    """The image called `name` there. It is kept in a temporary file while the result is used.

    Errors: SourceError when there is no engine or no such image; otherwise as `open_archive`.
    """
    import docker

    client = engine_client()
    try:
        stream = spool(_saved(client, name), cache, progress, 0, name)
    except docker.errors.ImageNotFound as error:
        raise SourceError(
            "the local Docker engine has no such image", where=name, hint=f"run `docker pull {name}` first"
        ) from error
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise SourceError(f"the Docker engine broke off: {error}", where=name, hint="try again") from error
    finally:
        client.close()
    return open_archive(TarFile(stream, None, f"docker-daemon:{name}"), None, wanted, f"docker-daemon:{name}")


def _saved(client: Any, name: str) -> Iterator[bytes]:
    # Asked for by name and not by ID, so that the archive says the name, too.
    client.images.get(name)
    yield from client.api.get_image(name, chunk_size=_PIECE)
