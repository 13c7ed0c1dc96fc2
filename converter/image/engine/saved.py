"""An image of an engine: `docker save`, through the docker SDK, into the archive reader."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from converter.errors import SourceError
from converter.image.blobs import BlobCache
from converter.image.docker_archive import open_archive
from converter.image.engine.about import platform_of
from converter.image.engine.address import EngineAddress, engine_addresses
from converter.image.engine.client import connected
from converter.image.members import TarFile
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.progress import Progress
from converter.image.spool import spool

_LOG = logging.getLogger("u2k")
_PIECE = 1 << 20


def engine_with(name: str, wanted: Platform) -> EngineAddress | None:
    """The first engine that answers and has the image called `name` for this platform.

    It is logged what was looked at, and why it was not that. Errors: UsageError: a broken docker context.
    """
    for address in engine_addresses():
        if (why := _why_not(address, name, wanted)) is None:
            return address
        _LOG.info("%s: not from the engine at %s: %s", name, address, why)
    return None


def _why_not(address: EngineAddress, name: str, wanted: Platform) -> str | None:
    """None when the engine has it."""
    try:
        there = platform_of(address, name)
    except SourceError as error:
        return error.what
    if there is None:
        return "it does not have it"
    if (there.os, there.architecture) != (wanted.os, wanted.architecture):
        return f"it has it for {there}, not for {wanted}"
    return None


def open_from_engine(
    name: str, wanted: Platform, cache: BlobCache, progress: Progress, address: EngineAddress | None = None
) -> Image:
    """The image called `name` at `address`, or of the first engine that has it.

    It is kept in a temporary file while the result is used. Errors: SourceError when there is no engine or no
    such image; otherwise as `open_archive`.
    """
    import docker

    there = address or _engine_of(name)
    client = connected(there)
    try:
        stream = spool(_saved(client, name), cache, progress, 0, name)
    except docker.errors.ImageNotFound as error:
        raise _no_such_image(name, podman=there.podman) from error
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise SourceError(f"the engine broke off: {error}", where=name, hint="try again") from error
    finally:
        client.close()
    return open_archive(TarFile(stream, None, f"docker-daemon:{name}"), None, wanted, f"docker-daemon:{name}")


def _engine_of(name: str) -> EngineAddress:
    """The first engine with this image, for whatever platform. SourceError: none has it, or none answers."""
    failures: list[SourceError] = []
    for address in engine_addresses():
        try:
            if platform_of(address, name) is not None:
                return address
            failures.insert(0, _no_such_image(name, podman=address.podman))
        except SourceError as error:
            failures.append(error)
    for failure in failures[1:]:
        _LOG.info("%s: %s", name, failure)
    raise failures[0]


def _no_such_image(name: str, *, podman: bool) -> SourceError:
    client = "podman" if podman else "docker"
    return SourceError("the engine has no such image", where=name, hint=f"run `{client} pull {name}` first")


def _saved(client: Any, name: str) -> Iterator[bytes]:
    # Asked for by name and not by ID, so that the archive says the name, too.
    client.images.get(name)
    yield from client.api.get_image(name, chunk_size=_PIECE)
