"""Reading JSON that came from outside: every access says what it expects and where it looked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from converter.errors import SourceError
from converter.image.digest import checked_digest

MAX_MANIFEST = 4 << 20  # bytes; what containerd and Docker's registry accept
MAX_CONFIG = 16 << 20


class Document:
    """A JSON object and the name that errors give it."""

    def __init__(self, value: Mapping[str, Any], where: str) -> None:
        self.value = value
        self.where = where

    @classmethod
    def parse(cls, data: bytes, where: str) -> Document:
        """Errors: SourceError when `data` is not a JSON object."""
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise SourceError(
                f"not JSON: {error}", where=where, hint="fetch or save the image again"
            ) from error
        return cls(cls._as(dict, value, where), where)

    @staticmethod
    def _as(kind: type[Any], value: object, where: str) -> Any:
        # bool is a subclass of int, but `true` is no size
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            names = {
                dict: "an object",
                list: "a list",
                str: "a string",
                int: "a whole number",
                bool: "a boolean",
            }
            raise SourceError(
                f"{names[kind]} was expected, not {str(value)[:60]!r}",
                where=where,
                hint="the image does not follow the OCI image specification; build or fetch it again",
            )
        return value

    def _get(self, key: str, kind: type[Any], default: object) -> Any:
        value = self.value.get(key)
        return default if value is None else self._as(kind, value, f"{self.where}, {key}")

    def text(self, key: str, default: str = "") -> str:
        return str(self._get(key, str, default))

    def number(self, key: str, default: int = 0) -> int:
        return int(self._get(key, int, default))

    def flag(self, key: str) -> bool:
        return bool(self._get(key, bool, False))

    def object(self, key: str) -> Document:
        return Document(self._get(key, dict, {}), f"{self.where}, {key}")

    def objects(self, key: str) -> list[Document]:
        where = f"{self.where}, {key}"
        return [Document(self._as(dict, item, where), where) for item in self._get(key, list, [])]

    def texts(self, key: str) -> tuple[str, ...]:
        where = f"{self.where}, {key}"
        return tuple(self._as(str, item, where) for item in self._get(key, list, []))

    def keys(self, key: str) -> tuple[str, ...]:
        """The keys of an object that stands for a set (ExposedPorts, Volumes)."""
        return tuple(self._get(key, dict, {}))

    def text_map(self, key: str) -> dict[str, str]:
        where = f"{self.where}, {key}"
        return {name: self._as(str, item, where) for name, item in self._get(key, dict, {}).items()}

    def digest(self, key: str) -> str:
        return checked_digest(self.value.get(key), f"{self.where}, {key}")
