"""What an engine says about one of its images: GET /images/NAME/json of the Engine API.

Mostly that is all it is asked, at a Unix socket; then the SDK is not needed, which takes 0.1 s to import.
"""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

from converter.errors import SourceError
from converter.image.engine.address import EngineAddress
from converter.image.engine.client import HINT, connected
from converter.image.platform import Platform

_TIMEOUT = 60  # seconds
_LIMIT = 16 << 20  # bytes of the answer


class _AtSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(str(self._path))


def platform_of(address: EngineAddress, name: str) -> Platform | None:
    """What the image called `name` there is for; None: there is none. SourceError: no sensible answer."""
    there = address.socket
    found = _by_sdk(address, name) if there is None else _at_socket(there, name, str(address))
    return None if found is None else Platform(str(found.get("Os")), str(found.get("Architecture")))


def _at_socket(path: Path, name: str, where: str) -> dict[str, Any] | None:
    if not path.exists():
        raise SourceError("the engine does not answer: there is no such socket", where=where, hint=HINT)
    connection = _AtSocket(path)
    try:
        connection.request("GET", f"/images/{quote(name, safe='/:@')}/json")
        reply = connection.getresponse()
        data = reply.read(_LIMIT)
        if reply.status == 404:
            return None
        if reply.status != 200:
            raise SourceError(f"the engine answered {reply.status} {reply.reason}", where=where, hint=HINT)
        found = json.loads(data)
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise SourceError(f"the engine does not answer: {error}", where=where, hint=HINT) from error
    finally:
        connection.close()
    return found if isinstance(found, dict) else {}


def _by_sdk(address: EngineAddress, name: str) -> dict[str, Any] | None:
    client = connected(address)
    import docker

    try:
        found: dict[str, Any] = client.images.get(name).attrs
    except docker.errors.ImageNotFound:
        return None
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise SourceError(f"the engine broke off: {error}", where=str(address), hint=HINT) from error
    finally:
        client.close()
    return found
