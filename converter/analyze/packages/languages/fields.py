"""What the readers share: text of strangers as short names, and documents of bounded depth."""

from __future__ import annotations

import json
from typing import Any

NAME_MAX = 256  # characters of a name or version; registries allow 214 and fewer
_LICENCES = 16
_HEADERS_MAX = 1 << 18  # bytes that are looked at; a description follows, and may be long


def name(value: object) -> str:
    """A name or version, or empty: what is no text, too long, or has blanks or control characters in it."""
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return text if text.isprintable() and " " not in text and len(text) <= NAME_MAX else ""


def licences(value: object) -> tuple[str, ...]:
    """A licence or a list of them, each a text or an object with a `type` (old package.json)."""
    found = []
    for each in value if isinstance(value, list) else [value]:
        text = each.get("type") if isinstance(each, dict) else each
        if isinstance(text, str) and (line := text.strip()) and line.isprintable() and len(line) <= NAME_MAX:
            found.append(line)
    return tuple(dict.fromkeys(found[:_LICENCES]))


def document(data: bytes) -> Any:
    """JSON, or None for what is none or goes too deep."""
    try:
        return json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def headers(data: bytes) -> dict[str, list[str]]:
    """The lines `Name: value` before the first empty one (RFC 822, without folding), names in lower case."""
    found: dict[str, list[str]] = {}
    for line in data[:_HEADERS_MAX].decode("utf-8", "replace").splitlines():
        if not line:
            break
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            found.setdefault(key.strip().lower(), []).append(value.strip())
    return found
