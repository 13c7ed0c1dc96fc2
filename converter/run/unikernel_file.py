"""Telling unikernel files from images, without what it takes to read an image."""

from __future__ import annotations

from pathlib import Path

from converter.errors import UsageError
from converter.link.manifest import read_manifest


def is_unikernel(path: Path) -> bool:
    """False: it may be an image. UsageError for what is named or begins like a unikernel and is none."""
    named = path.suffix == ".u2k"
    if not path.exists():
        if named:
            raise UsageError("there is no such file", where=str(path), hint="check the path")
        return False
    if not path.is_file():  # a folder; or a pipe, which can be read once
        return False
    try:
        read_manifest(path)
    except UsageError:
        if named or _is_elf(path):
            raise
        return False
    return True


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False  # who opens it as an image says why
