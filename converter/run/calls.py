"""Names for the numbers of system calls that the library OS's log tells as absent (libos/core/absent.c)."""

from __future__ import annotations

import re

from converter.libos import syscall_table

_LINE = re.compile(
    r"u2k: system call (?P<number>\d{1,4}) (?P<told>is not in .*?)(?P<option>--add-syscall (?P=number))?"
)


def named_call(line: str, machine: str) -> str:
    """`line` with the name of the call before its number, which `--add-syscall` takes as well; other lines as
    they are. `machine`: as uname -m has it.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return line
    number = int(match["number"])
    name = next((name for name, each in syscall_table(machine).items() if each == number), None)
    if name is None:
        return line
    option = f"--add-syscall {name}" if match["option"] else ""
    return f"u2k: system call {name} ({number}) {match['told']}{option}"
