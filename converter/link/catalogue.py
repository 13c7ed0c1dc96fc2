"""What can be chosen: read from the archives themselves, so that no list is kept by hand.

A handler of the system call NAME is the symbol `sys_NAME` in an archive; its number comes from the
architecture's `syscalls.tbl` (lines `number name`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from converter.errors import ToolchainError
from converter.libos import syscall_table
from converter.link.architecture import Architecture

_MAGIC = b"!<arch>\n"
_HEADER = 60


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Handlers (name -> number) that the library OS has on one architecture; `names`: all its calls."""

    handlers: dict[str, int]
    names: dict[int, str]


def archive_symbols(path: Path) -> frozenset[str]:
    """The global symbols that an `ar` archive defines: its symbol index, the member named `/`.

    Format: System V ar, a big-endian count, as many big-endian member offsets, then NUL-ended names.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ToolchainError("not an archive", where=str(path))
        header = file.read(_HEADER)
        name, size = header[:16].rstrip(), header[48:58].strip()
        if name != b"/" or not size.isdigit():
            return frozenset()
        index = file.read(int(size))
    (count,) = struct.unpack_from(">I", index)
    names = index[4 + 4 * count :].split(b"\0")[:count]
    return frozenset(symbol.decode() for symbol in names)


def syscall_numbers(machine: Architecture) -> dict[str, int]:
    """Every system call of the architecture, implemented or not: name -> number."""
    return syscall_table(machine.name)


def read_catalogue(archive: Path, machine: Architecture) -> Catalogue:
    """What `archive` offers for `machine`."""
    numbers = syscall_numbers(machine)
    symbols = archive_symbols(archive)
    handlers = {
        symbol[4:]: numbers[symbol[4:]]
        for symbol in sorted(symbols)
        if symbol.startswith("sys_") and symbol[4:] in numbers
    }
    return Catalogue(handlers, {number: name for name, number in numbers.items()})
