"""What a server asks for in WWW-Authenticate (RFC 9110 11.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))\s*')
_SCHEME = re.compile(rf"\s*({_WORD})(?=\s|,|$)\s*")
_MAX = 8192  # bytes of the header that are read


@dataclass(frozen=True, slots=True)
class Challenge:
    """A scheme in lower case (``bearer``, ``basic``) and its parameters."""

    scheme: str
    parameters: dict[str, str]


def challenges(header: str) -> list[Challenge]:
    """All challenges of the header, in its order; what cannot be read is left out."""
    found: list[Challenge] = []
    at, text = 0, header[:_MAX]
    while at < len(text):
        if found and (parameter := _PARAMETER.match(text, at)):
            quoted, plain = parameter[2], parameter[3]
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found[-1].parameters.setdefault(parameter[1].lower(), value)
            at = parameter.end()
        elif scheme := _SCHEME.match(text, at):
            found.append(Challenge(scheme[1].lower(), {}))
            at = scheme.end()
        else:
            at += 1  # a comma, or senseless
    return found


def chosen(header: str) -> Challenge | None:
    """The one that is answered: tokens before passwords."""
    known = {each.scheme: each for each in reversed(challenges(header))}
    return known.get("bearer") or known.get("basic")
