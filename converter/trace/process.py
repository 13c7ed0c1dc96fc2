"""A process of a trace, and the calls that change who it is (credentials(7))."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from converter.analyze.users import Credentials
from converter.trace import strace
from converter.trace.record import Record
from converter.trace.strace import Call


@dataclass(slots=True)
class Process:
    """A process; its threads share the object, as they share what it holds (clone(2))."""

    record: Record
    cwd: bytes
    user: Credentials
    first: bool  # of the sandbox
    main: bool  # the first process, or the one that an init was told to start: the last that it executes
    # is the program
    of_main: bool = False  # the main process made it
    umask: int = 0o022


def set_umask(process: Process, call: Call) -> None:
    """umask(2) never fails."""
    arguments, _ = call.split()
    if arguments and re.fullmatch("[0-7]+", arguments[0]):
        process.umask = int(arguments[0], 8) & 0o777


def set_uid(process: Process, call: Call) -> None:
    """setuid(2), setreuid(2), setresuid(2)."""
    if (number := _effective(call)) is not None:
        process.user = replace(process.user, uid=number)


def set_gid(process: Process, call: Call) -> None:
    """setgid(2), setregid(2), setresgid(2)."""
    if (number := _effective(call)) is not None:
        process.user = replace(process.user, gid=number)


def set_groups(process: Process, call: Call) -> None:
    """setgroups(2)."""
    arguments, result = call.split()
    if not strace.failed(result) and len(arguments) > 1:
        process.user = replace(process.user, groups=tuple(map(int, re.findall(r"\d+", arguments[1]))))


def _effective(call: Call) -> int | None:
    """The effective id that was set; None when the call failed or left it."""
    arguments, result = call.split()
    at = 0 if len(arguments) == 1 else 1
    if strace.failed(result) or len(arguments) <= at or not arguments[at].isdigit():
        return None
    return int(arguments[at])
