"""The library OS's folder, and the system call tables in it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from converter.errors import ToolchainError

_PACKAGE = Path(__file__).resolve().parent
_HANDLER = re.compile(r"^SYSCALL\((\w+)\)", re.MULTILINE)


@cache
def libos_root() -> Path:
    """The folder with `include/u2k/platform.h` below it. ToolchainError if the installation lacks it."""
    for candidate in (_PACKAGE / "_libos", _PACKAGE.parent / "libos"):
        if (candidate / "include/u2k/platform.h").is_file():
            return candidate
    raise ToolchainError(
        "the library OS's source is missing from this installation",
        where=str(_PACKAGE),
        hint="install u2k again: pip install --force-reinstall u2k",
    )


@cache
def syscall_table(machine: str) -> dict[str, int]:
    """Every system call of the architecture `machine` (as uname -m has it), implemented or not: name ->
    number.

    The table is `arch/MACHINE/syscalls.tbl`, lines of `number name`.
    """
    numbers = {}
    for line in (libos_root() / "arch" / machine / "syscalls.tbl").read_text().splitlines():
        text = line.partition("#")[0].split()
        if text:
            numbers[text[1]] = int(text[0])
    return numbers


@cache
def implemented() -> frozenset[str]:
    """The system calls that the library OS has a handler of: `SYSCALL(name)` in abi/."""
    sources = sorted((libos_root() / "abi").rglob("*.c"))
    return frozenset(name for path in sources for name in _HANDLER.findall(path.read_text()))
