"""Regular expressions of POSIX (XBD 9) in Python's notation."""

from __future__ import annotations

import re

from converter.analyze.entrypoint.shell.pattern import CLASSES


def posix_regex(text: str, *, extended: bool) -> str:
    """Basic or extended, with GNU's `\\+ \\? \\|` and `\\s \\w \\b`."""
    result: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "[":
            end = _bracket_end(text, at)
            result.append(_bracket(text[at:end]))
            at = end
            continue
        if char == "\\" and at + 1 < len(text):
            following = text[at + 1]
            at += 2
            if following in "(){}|+?" and not extended:
                result.append(following)
            elif following in "sSwWbB" or following.isdigit():
                result.append("\\" + following)
            elif following in "<>":
                result.append(r"\b")
            elif following in "nt":
                result.append({"n": "\n", "t": "\t"}[following])
            else:
                result.append(re.escape(following))
            continue
        at += 1
        if char == "*" and not extended and (not result or result[-1] in ("(", "^")):
            result.append(r"\*")
        elif char in "(){}|+?" and not extended:
            result.append("\\" + char)
        elif char == "^" and not extended and result and result[-1] not in ("(", "|"):
            result.append(r"\^")
        elif char == "$":
            last = at == len(text) or (extended and text[at] in ")|") or text.startswith(("\\)", "\\|"), at)
            result.append("$" if last else r"\$")
        else:
            result.append(char)
    return "".join(result)


def _bracket_end(text: str, start: int) -> int:
    at = start + 1
    at += text[at : at + 1] == "^"
    at += text[at : at + 1] == "]"
    while at < len(text) and text[at] != "]":
        if text.startswith(("[:", "[.", "[="), at):
            at = max(at, text.find(text[at + 1] + "]", at + 2)) + 1
        at += 1
    return min(at + 1, len(text))


def _bracket(text: str) -> str:
    """A backslash is no escape inside (XBD 9.3.5)."""
    negated = text[1:2] == "^"
    inside = text[2 if negated else 1 : -1].replace("\\", "\\\\")
    if inside.startswith("]"):
        inside = "\\" + inside
    named = re.sub(r"\[:(\w+):\]", lambda name: CLASSES.get(name[1], ""), inside)
    return ("[^" if negated else "[") + named.replace("[", "\\[") + "]"
