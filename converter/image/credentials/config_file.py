"""A file of logins: docker's config.json, or podman's auth.json, which has the same form.

docs.docker.com/reference/cli/docker/login and containers-auth.json(5).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.errors import SourceError
from converter.image.credentials.model import Credential
from converter.image.credentials.names import fit, key_of

_LIMIT = 4 << 20  # bytes that are read


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What it says, and what errors call it. All is taken as unknown JSON: people edit it."""

    value: Mapping[str, Any]
    name: str

    def helper(self, registry: str) -> str | None:
        """The credential helper for `registry`: its own, else the one for all."""
        own = _object(self.value.get("credHelpers"))
        for key in (key_of(registry), registry):
            if isinstance(own.get(key), str):
                return str(own[key]) or None
        store = self.value.get("credsStore")
        return store if isinstance(store, str) and store else None

    def credential(self, registry: str, repository: str) -> Credential | None:
        """The login in the file itself. Errors: SourceError for one that cannot be read."""
        best: tuple[int, Credential] | None = None
        for key, entry in _object(self.value.get("auths")).items():
            fits = fit(key, registry, repository)
            if fits is None or (best is not None and best[0] >= fits):
                continue
            if (found := self._entry(_object(entry), key)) is not None:
                best = fits, found
        return best[1] if best else None

    def _entry(self, entry: Mapping[str, Any], key: str) -> Credential | None:
        username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
        if entry.get("auth"):
            try:
                pair = base64.b64decode(str(entry["auth"]), validate=True).decode()
            except (binascii.Error, ValueError) as error:
                raise SourceError(
                    f"the login for {key} is no base64", where=self.name, hint="log in again, with u2k login"
                ) from error
            username, _, password = pair.rstrip("\0").partition(":")
        identity, token = entry.get("identitytoken"), entry.get("registrytoken")
        if not (password or identity or token):
            return None  # docker writes empty entries where a helper has the login
        return Credential(username, password, str(identity or ""), str(token or ""), origin=self.name)


def parse_config(text: str | bytes, name: str) -> ConfigFile:
    """Errors: SourceError when it is not a JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"not JSON: {error}", where=name, hint="mend it; docker reads it, too") from error
    if not isinstance(value, dict):
        raise SourceError("not a JSON object", where=name, hint="mend it; docker reads it, too")
    return ConfigFile(value, name)


def read_config(path: Path) -> ConfigFile | None:
    """The file; None when there is none. Errors: SourceError when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror}", where=str(path), hint="make it readable for you"
        ) from error
    if len(data) > _LIMIT:
        raise SourceError(f"larger than {_LIMIT} bytes", where=str(path), hint="is this docker's file?")
    return parse_config(data, str(path)) if data.strip() else ConfigFile({}, str(path))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
