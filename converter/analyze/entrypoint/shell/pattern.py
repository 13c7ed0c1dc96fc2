"""Patterns of the shell (XCU 2.13; bash(1), Pattern Matching), as regular expressions of Python's."""

from __future__ import annotations

import re
from functools import lru_cache

CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r" \t\n\r\f\v", "blank": r" \t", "punct": r"!-/:-@\[-`{-~", "print": " -~",
    "graph": "!-~", "cntrl": r"\x00-\x1f\x7f", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
MAX_PATTERN = 2000  # characters; and stars, below, so that matching stays quick
MAX_STARS = 8


class PatternProblem(ValueError):
    """A pattern that is too long or too deep to be matched in bounded time."""


def escaped(text: str) -> str:
    """`text` as a pattern that matches itself."""
    return re.sub(r"([*?\[\]\\!()|@+-])", r"\\\1", text)


def has_pattern(text: str) -> bool:
    """Whether a word, its quoted parts escaped, would be expanded to path names."""
    plain = re.sub(r"\\.", "", text, flags=re.DOTALL)
    return any(mark in plain for mark in "*?") or ("[" in plain and "]" in plain)


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def matches(pattern: str, text: str, *, extended: bool = False, ignore_case: bool = False) -> bool:
    """Whether the whole of `text` matches."""
    return compiled(pattern, extended, ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=512)
def compiled(pattern: str, extended: bool = False, ignore_case: bool = False) -> re.Pattern[str]:
    """The pattern as a regular expression. Raises PatternProblem."""
    if len(pattern) > MAX_PATTERN or re.sub(r"\*+", "*", pattern).count("*") > MAX_STARS:
        raise PatternProblem("a pattern too long to be matched here")
    try:
        return re.compile(translate(pattern, extended), re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except (re.error, RecursionError) as error:
        raise PatternProblem("a pattern that makes no sense") from error


def translate(pattern: str, extended: bool = False, lazy: bool = False) -> str:
    """Regular expression for a shell pattern. `lazy`: stars take as little as they can."""
    result: list[str] = []
    at = 0
    star = ".*?" if lazy else ".*"
    while at < len(pattern):
        char = pattern[at]
        group = extended and char in "?*+@!" and pattern[at + 1 : at + 2] == "("
        end = _closing(pattern, at + 1) if group else -1
        if group and end > 0:
            inner = "|".join(translate(part, True, lazy) for part in _alternatives(pattern[at + 2 : end]))
            if char == "!":
                result.append(f"(?:(?!(?:{inner})(?:{translate(pattern[end + 1 :], True)})\\Z).*)")
            else:
                result.append(f"(?:{inner})" + {"?": "?", "*": "*", "+": "+", "@": ""}[char])
            at = end + 1
            continue
        if char == "\\":
            at += 1
            result.append(re.escape(pattern[at : at + 1] or "\\"))
        elif char == "*":
            if not result or result[-1] != star:
                result.append(star)
        elif char == "?":
            result.append(".")
        elif char == "[" and (found := _bracket(pattern, at)) is not None:
            text, at = found
            result.append(text)
            continue
        else:
            result.append(re.escape(char))
        at += 1
    return "".join(result)


def _bracket(pattern: str, start: int) -> tuple[str, int] | None:
    """A bracket expression (XBD 9.3.5) and where it ends; None if it has no end."""
    at = start + 1
    negated = pattern[at : at + 1] in ("!", "^") and at < len(pattern)
    at += negated
    parts: list[str] = []
    first = True
    while at < len(pattern):
        char = pattern[at]
        if char == "]" and not first:
            return ("[^" if negated else "[") + "".join(parts) + "]", at + 1
        first = False
        if pattern.startswith("[:", at) and (stop := pattern.find(":]", at)) > 0:
            parts.append(CLASSES.get(pattern[at + 2 : stop], ""))
            at = stop + 2
            continue
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            parts.append(re.escape(pattern[at]))
        else:
            parts.append("-" if char == "-" and pattern[at + 1 : at + 2] != "]" else re.escape(char))
        at += 1
    return None


def _closing(pattern: str, start: int) -> int:
    """Index of the `)` that closes the `(` at `start`; -1 if none does."""
    depth, at = 0, start
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] in "()":
            depth += 1 if pattern[at] == "(" else -1
            if depth == 0:
                return at
        at += 1
    return -1


def _alternatives(text: str) -> list[str]:
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] in "()":
            depth += 1 if text[at] == "(" else -1
        elif text[at] == "|" and depth == 0:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]
