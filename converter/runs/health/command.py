"""The one simple command that a HEALTHCHECK is, if it is one: words, and a text that its output must have."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

_QUIET = re.compile(r"\s*(?:&>\s*/dev/null|[12]?>>?\s*/dev/null|2>&1)(?=\s|$)")
_OTHERWISE = re.compile(r"\s*\|\|\s*(?:exit\s+[1-9][0-9]*|false)\s*;?\s*$")
_GREP = re.compile(r"\s*\|\s*grep\s+(?:-q\s+|--quiet\s+)?(?P<word>'[^']*'|\"[^\"$`]*\"|[\w.+-]+)\s*$")
_VARIABLE = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?::?-(?P<other>[\w./:-]*))?\})"
)
_SHELLS = frozenset(("sh", "bash", "ash", "dash"))
_SYNTAX = frozenset("();<>|&`$*{}~#\n")


class NotSimpleError(ValueError):
    """It is no command that could be done from outside; the text says why."""


def simple_command(test: Sequence[str], env: Mapping[str, str]) -> tuple[list[str], str]:
    """Words of the command, and what `grep` looks for in its output, "" if nothing does.

    test: as in the image's configuration: CMD and words, or CMD-SHELL and a line
    env:  the program's variables, which a line may name
    Errors: NotSimpleError.
    """
    kind, words = test[0], list(test[1:])
    if kind == "CMD-SHELL" and len(words) == 1:
        return _line(words[0], env)
    if kind != "CMD" or not words:
        raise NotSimpleError(f"{kind} is not known")
    if words[0].rpartition("/")[2] in _SHELLS and len(words) == 3 and words[1] in ("-c", "-ec"):
        return _line(words[2], env)
    return words, ""


def _line(text: str, env: Mapping[str, str]) -> tuple[list[str], str]:
    line = _OTHERWISE.sub("", _QUIET.sub("", text).strip())
    line = _QUIET.sub("", line).strip()
    wanted = ""
    if (found := _GREP.search(line)) is not None:
        wanted, line = found["word"].strip("'\""), line[: found.start()]
        if re.search(r"[][.*^$\\]", wanted):
            raise NotSimpleError("it looks for a pattern in what a command says")

    def value(match: re.Match[str]) -> str:
        name = match["plain"] or match["name"]
        found = env.get(name) or match["other"]
        if not found or not re.fullmatch(r"[\w./:@%+-]*", found):
            raise NotSimpleError(f"${name} is not known")
        return found

    line = _VARIABLE.sub(value, line)
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = ""
        words = list(lexer)
    except ValueError as error:
        raise NotSimpleError("its quotes do not match") from error
    bare = re.sub(r"'[^']*'|\"[^\"$`]*\"", "", line)
    if not words or _SYNTAX & set(bare):
        raise NotSimpleError("it is a shell script")
    return words, wanted
