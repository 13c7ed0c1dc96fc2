"""Where the library OS's source is: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from converter.libos import libos_root as libos_root

SUFFIXES = (".c", ".S", ".h", ".lds", ".toml", ".tbl", ".txt")


@cache
def source_files() -> tuple[Path, ...]:
    """Every file that decides what a kernel looks like, relative to `libos_root()`, sorted."""
    root = libos_root()
    found = (path.relative_to(root) for path in root.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    return tuple(sorted(found))


@cache
def file_digest(relative: Path) -> str:
    """sha256 (hexadecimal) of one of `source_files()`."""
    return hashlib.sha256((libos_root() / relative).read_bytes()).hexdigest()


def combined_digest(files: tuple[Path, ...], *more: str) -> str:
    """One sha256 over names and contents of `files` and the strings in `more`."""
    total = hashlib.sha256()
    for relative in files:
        total.update(f"{relative.as_posix()}\0{file_digest(relative)}\n".encode())
    for text in more:
        total.update(f"{len(text)}:{text}\n".encode())
    return total.hexdigest()
