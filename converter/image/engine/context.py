"""docker's contexts: named engines, kept below its configuration.

Where: docker/cli, cli/context/store (a folder a context, named by the SHA-256 of its name).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from converter.errors import SourceError, UsageError
from converter.image.credentials.config_file import ConfigFile, read_config
from converter.image.credentials.lookup import docker_config_path
from converter.image.engine.address import EngineAddress, EngineTls

_DEFAULT = "default"


def chosen_context() -> EngineAddress | None:
    """The engine of $DOCKER_CONTEXT, else of `docker context use`; None: docker's default.

    Errors: UsageError when there is no such context, or none that can be read.
    """
    name, said_by = os.environ.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    if not name:
        config = _read(docker_config_path())
        name, said_by = str(config.value.get("currentContext") or "") if config else "", "docker context use"
    if name in ("", _DEFAULT):
        return None
    return _context(name, said_by)


def _context(name: str, said_by: str) -> EngineAddress:
    folder, identity = docker_config_path().parent / "contexts", hashlib.sha256(name.encode()).hexdigest()
    meta = _read(folder / "meta" / identity / "meta.json")
    if meta is None:
        raise UsageError(
            f"there is no docker context {name!r}, which {said_by} names",
            hint="docker context ls shows those that are there",
        )
    endpoints = meta.value.get("Endpoints")
    docker: Any = endpoints.get("docker") if isinstance(endpoints, dict) else None
    host = docker.get("Host") if isinstance(docker, dict) else None
    if not isinstance(host, str) or not host:
        raise UsageError(
            "this context names no engine", where=meta.name, hint=f"docker context inspect {name} shows it"
        )
    files = folder / "tls" / identity / "docker"
    unverified = bool(docker.get("SkipTLSVerify"))
    tls = EngineTls.in_folder(files, verified=not unverified) if files.is_dir() or unverified else None
    return EngineAddress(host, f"docker's context {name}", tls if host.startswith("tcp:") else None)


def _read(path: Path) -> ConfigFile | None:
    try:
        return read_config(path)
    except SourceError as error:
        raise UsageError(error.what, where=error.where, hint=error.hint) from error
