"""The plug-in's place among docker's: put there, taken away, looked at."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from converter.docker_plugin.stub import FILE, is_stub, stub_text
from converter.errors import OutputError, UsageError
from converter.output import not_written, whole_file

_SYSTEM = Path("/usr/local/lib/docker/cli-plugins")
_LIMIT = 1 << 16  # bytes that are read to tell whether a file is ours


@dataclass(frozen=True, slots=True)
class Installed:
    """What stands at a place. current: it runs this u2k, at this version."""

    path: Path
    there: bool
    ours: bool = False
    current: bool = False


def place(*, system: bool = False) -> Path:
    """Where docker looks for it: below its configuration, $DOCKER_CONFIG or ~/.docker, or for all users."""
    if system:
        return _SYSTEM / FILE
    named = os.environ.get("DOCKER_CONFIG")
    return (Path(named) if named else Path("~/.docker").expanduser()) / "cli-plugins" / FILE


def status(path: Path) -> Installed:
    """What is there now."""
    if not os.path.lexists(path):
        return Installed(path, there=False)
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT).decode(errors="replace")
    except OSError:
        return Installed(path, there=True)
    return Installed(
        path, True, is_stub(text), text == stub_text(sys.executable) and os.access(path, os.X_OK)
    )


def install(path: Path, *, force: bool = False) -> None:
    """Write the plug-in, over an older one of ours.

    Errors: UsageError for somebody else's file unless `force`; OutputError.
    """
    found = status(path)
    if found.there and not found.ours and not force:
        raise UsageError("this file is not of u2k", where=str(path), hint="add --force to replace it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(error, path.parent) from error
    with whole_file(path) as file:
        file.write(stub_text(sys.executable).encode())


def remove(path: Path) -> bool:
    """Take the plug-in away; False: there was none.

    Errors: UsageError for somebody else's file; OutputError.
    """
    found = status(path)
    if not found.there:
        return False
    if not found.ours:
        raise UsageError("this file is not of u2k, and stays", where=str(path), hint="remove it yourself")
    try:
        path.unlink()
    except OSError as error:
        raise OutputError(f"cannot be removed: {error.strerror}", where=str(path)) from error
    return True
