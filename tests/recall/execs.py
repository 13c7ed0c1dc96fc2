"""What was executed where, with all arguments and the whole environment, out of strace's output.

A program can overwrite its argument vector and its environment in memory, as nginx and redis do to show a
title, and go to another folder, as postgres does, so that proc(5) tells the truth only at the start; strace
-v -xx shows all three as execve(2) found them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OPTIONS = ("-v", "-xx", "-s", "1048576", "-e", "trace=execve,chdir,fchdir")

_LINE = re.compile(r"^(?P<tid>\d+) +(?P<rest>.*)$")
_BEGUN = re.compile(r'^execve\("(?P<path>[^"]*)", \[(?P<argv>[^\]]*)\], \[(?P<env>[^\]]*)\]')
_CHDIR = re.compile(r'^chdir\("(?P<path>[^"]*)"\) += 0$')
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Exec:
    path: str
    argv: tuple[str, ...]
    env: tuple[str, ...]  # NAME=value, in the order of execve
    cwd: str


def execs(lines: Iterable[str], tid: int) -> list[Exec]:
    """Each execve of task `tid` that succeeded, in order. Names that are no UTF-8 are surrogate-escaped.

    Raises ValueError after fchdir, whose folder is not known.
    """
    found, begun, cwd = [], None, "/"
    for line in lines:
        match = _LINE.match(line)
        if match is None or int(match["tid"]) != tid:
            continue
        rest = match["rest"]
        if call := _BEGUN.match(rest):
            (path,) = _strings(f'"{call["path"]}"')
            begun = Exec(path, _strings(call["argv"]), _strings(call["env"]), cwd)
        elif moved := _CHDIR.match(rest):
            cwd = os.path.normpath(str(Path(cwd, *_strings(f'"{moved["path"]}"'))))
        elif rest.startswith("fchdir"):
            raise ValueError(f"where is it now? {rest}")
        if begun is not None and rest.endswith(" = 0"):
            found.append(begun)
            begun = None
    return found


def _strings(text: str) -> tuple[str, ...]:
    return tuple(
        bytes.fromhex(hexadecimal.replace("\\x", "")).decode(errors="surrogateescape")
        for hexadecimal in _STRING.findall(text)
    )
