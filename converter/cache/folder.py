"""Where u2k keeps what it can make again: `$U2K_CACHE_DIR`, else the XDG cache folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from converter.errors import OutputError


def default_root() -> Path:
    """Where the cache is, by environment (XDG Base Directory Specification)."""
    own, xdg = os.environ.get("U2K_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own)
    # The specification has relative values ignored.
    return (Path(xdg) if xdg and Path(xdg).is_absolute() else Path.home() / ".cache") / "u2k"


def cache_folder(*parts: str) -> Path:
    """A folder of the cache, made if missing. OutputError if it cannot be."""
    folder = default_root().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the cache folder cannot be made: {error.strerror}",
            where=str(folder),
            hint="set U2K_CACHE_DIR to a folder that can be written",
        ) from error
    return folder


def made_once(final: Path, make: Callable[[Path], None]) -> Path:
    """`final`, made by `make(temporary path)` if it is not there yet.

    Safe between processes: each makes its own temporary file, the last rename wins, and since names
    are digests of what went in, all of them are equal.
    """
    if final.exists():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=final.parent, prefix=f".{final.name}.", suffix=final.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.unlink()
        make(temporary)
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)
    return final
