"""Where the login for a registry is: the first place that has one."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from converter.errors import SourceError
from converter.image.credentials.config_file import ConfigFile, parse_config, read_config
from converter.image.credentials.helper import ask
from converter.image.credentials.model import Credential
from converter.image.credentials.names import key_of

_LOG = logging.getLogger("u2k")
_VARIABLE = "DOCKER_AUTH_CONFIG"


@dataclass(frozen=True, slots=True)
class Search:
    """The credential, or None; and the places that could not be asked, each with why."""

    credential: Credential | None
    problems: tuple[str, ...] = ()


def docker_config_path() -> Path:
    """`$DOCKER_CONFIG/config.json`, by default in ~/.docker."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def find_credential(registry: str, repository: str = "") -> Search:
    """The login for a repository of `registry` (HOST[:PORT], docker.io).

    In this order: $DOCKER_AUTH_CONFIG, docker's config.json, podman's auth.json. In each of them the
    credential helper is asked before the entries. A broken place does not hide the ones behind it.
    """
    problems: list[str] = []
    for read in _places():
        try:
            config = read()
            found = None if config is None else _in(config, registry, repository, problems)
        except SourceError as error:
            problems.append(str(error))
            continue
        if found is not None:
            return Search(found, tuple(problems))
    for problem in problems:
        _LOG.info("no login from %s", problem)
    return Search(None, tuple(problems))


def _in(config: ConfigFile, registry: str, repository: str, problems: list[str]) -> Credential | None:
    if (helper := config.helper(registry)) is not None:
        try:
            if (kept := ask(helper, key_of(registry))) is not None:
                return kept
        except SourceError as error:
            problems.append(str(error))
    return config.credential(registry, repository)


def _places() -> Iterator[Callable[[], ConfigFile | None]]:
    if told := os.environ.get(_VARIABLE):
        yield partial(parse_config, told, f"${_VARIABLE}")
    for path in (docker_config_path(), *_podman_files()):
        yield partial(read_config, path)


def _podman_files() -> Iterator[Path]:
    """containers-auth.json(5): what is named, else the session's file; then the user's."""
    if named := os.environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    elif session := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(session) / "containers/auth.json"
    else:
        yield Path(f"/run/containers/{os.getuid()}/auth.json")
    own = os.environ.get("XDG_CONFIG_HOME", "")
    yield (Path(own) if Path(own).is_absolute() else Path.home() / ".config") / "containers/auth.json"
