"""Text written so that bash reads it as one word again: `${x@Q}` and `printf %q` (bash(1))."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAMED = {"\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
          "\x1b": "\\E", "\\": "\\\\", "'": "\\'"}  # fmt: skip
_SAFE = re.compile(r"([^A-Za-z0-9_@%+=:./~#\x80-\xff-])")


def single_quoted(text: str) -> str:
    """In single quotes, as `@Q` has it; with control characters as `$'...'`."""
    return _ansi(text) if _CONTROL.search(text) else "'" + text.replace("'", "'\\''") + "'"


def backslashed(text: str) -> str:
    """With backslashes, as `%q` has it; with control characters as `$'...'`."""
    if not text:
        return "''"
    if _CONTROL.search(text):
        return _ansi(text)
    quoted = _SAFE.sub(r"\\\1", text)
    return "\\" + quoted if quoted[0] in "~#" else quoted


def _ansi(text: str) -> str:
    inner = "".join(
        _NAMED.get(char) or (f"\\{ord(char):03o}" if _CONTROL.match(char) else char) for char in text
    )
    return f"$'{inner}'"
