"""Keeping a login where docker keeps its own, and forgetting it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.errors import OutputError
from converter.image.credentials import helper
from converter.image.credentials.config_file import ConfigFile, read_config
from converter.image.credentials.lookup import docker_config_path
from converter.image.credentials.model import Credential
from converter.image.credentials.names import fit, key_of
from converter.output import whole_file


def save(registry: str, credential: Credential) -> str:
    """Keep it with docker's credential helper for this registry, else in its config.json; says where.

    Errors: SourceError (the helper fails, config.json cannot be read), OutputError (it cannot be written).
    """
    config = _config()
    key, name = key_of(registry), config.helper(registry)
    entry: dict[str, str] = {}
    if name is not None:
        helper.give(name, key, credential)
    else:
        pair = f"{credential.username}:{credential.password}".encode()
        entry["auth"] = base64.b64encode(pair).decode("ascii")
        if credential.identity_token:
            entry["identitytoken"] = credential.identity_token
    # docker notes registries whose login a helper has, too.
    _write({**config.value, "auths": {**_without(config, registry), key: entry}})
    return config.name if name is None else f"docker-credential-{name}"


def forget(registry: str) -> bool:
    """Whether there was a login to forget, in docker's places. Errors: as `save`."""
    config = _config()
    name, left = config.helper(registry), _without(config, registry)
    there = len(left) < len(_auths(config))
    if name is not None:
        there = helper.ask(name, key_of(registry)) is not None or there
        helper.erase(name, key_of(registry))
    if len(left) < len(_auths(config)):
        _write({**config.value, "auths": left})
    return there


def _config() -> ConfigFile:
    path = docker_config_path()
    return read_config(path) or ConfigFile({}, str(path))


def _auths(config: ConfigFile) -> Mapping[str, Any]:
    found = config.value.get("auths")
    return found if isinstance(found, dict) else {}


def _without(config: ConfigFile, registry: str) -> dict[str, Any]:
    return {key: entry for key, entry in _auths(config).items() if fit(key, registry, "") is None}


def _write(value: Mapping[str, Any]) -> None:
    path: Path = docker_config_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder cannot be made: {error.strerror}", where=str(path.parent), hint="set DOCKER_CONFIG"
        ) from error
    with whole_file(path, mode=0o600) as file:
        file.write(json.dumps(value, indent="\t", ensure_ascii=False).encode())
