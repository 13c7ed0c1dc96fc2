"""Writing a result so that it is there whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from converter.errors import OutputError, UsageError


def default_name(ref: str) -> str:
    """A file name after image and tag: `docker.io/library/redis:7` -> `redis-7.u2k`."""
    last = ref.partition("@")[0].rstrip("/").rpartition("/")[2] or "image"
    for suffix in (".oci.tar", ".docker.tar", ".tar.gz", ".tar.zst", ".tgz", ".tar"):
        last = last.removesuffix(suffix)
    return (re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-.") or "image") + ".u2k"


def check_target(path: Path, *, force: bool) -> None:
    """Before any long work: may `path` be written? UsageError if it exists, OutputError if it can't be."""
    if path.is_dir():
        raise UsageError("this is a folder", where=str(path), hint="name a file with -o")
    if (path.exists() or path.is_symlink()) and not force:
        raise UsageError(
            "this file exists and is not overwritten",
            where=str(path),
            hint="choose another with -o, or add --force",
        )
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(
            "the folder does not exist", where=str(folder), hint="make it first, or choose another with -o"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            "the folder cannot be written to", where=str(folder), hint="choose one you can write to with -o"
        )


@contextmanager
def whole_file(path: Path, *, mode: int = 0o755) -> Iterator[BinaryIO]:
    """An empty unbuffered file that becomes `path` when the block ends well and vanishes otherwise.

    `mode` is cut by the umask as for any new file. OutputError: disk full, no permission.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "w+b", buffering=0) as file:
            yield cast(BinaryIO, file)
            os.fchmod(file.fileno(), mode & ~_umask())
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise not_written(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def text_file(path: Path, text: str) -> None:
    """Write a small document, whole or not at all. OutputError as of `whole_file`."""
    with whole_file(path, mode=0o644) as file:
        file.write(text.encode())


def not_written(error: OSError, path: Path) -> OutputError:
    """The OutputError that says why `path` could not be written."""
    hint = None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "free some space, or write to another disk with -o"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "choose a folder you can write to with -o"
    return OutputError(f"cannot be written: {error.strerror or error}", where=str(path), hint=hint)


def _umask() -> int:
    # There is no way to read it but to set it; another thread's file may see the stricter one.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
