"""Writing a result so that it is there whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from converter.errors import OutputError, UsageError


def default_name(ref: str) -> str:
    """A file name after image and tag: `docker.io/library/redis:7` -> `redis-7.u2k`."""
    last = ref.partition("@")[0].rstrip("/").rpartition("/")[2] or "image"
    for suffix in (".oci.tar", ".docker.tar", ".tar.gz", ".tar.zst", ".tgz", ".tar"):
        last = last.removesuffix(suffix)
    return (re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-.") or "image") + ".u2k"


def check_target(path: Path, *, force: bool, text: bool = False, option: str = "-o") -> None:
    """Before any long work: may `path` be written? UsageError if it exists, OutputError if it can't be.

    text:   for `text_file`, which writes into devices and pipes, as into /dev/stdout
    option: by which it was named, or another can be
    """
    if path.is_dir():
        raise UsageError("this is a folder", where=str(path), hint=f"name a file with {option}")
    if _is_special(path):
        if text:
            return
        raise UsageError(
            "this is a device, a pipe or a socket, and no file",
            where=str(path),
            hint=f"name a file with {option}",
        )
    if (path.exists() or path.is_symlink()) and not force:
        raise UsageError(
            "this file exists and is not overwritten",
            where=str(path),
            hint=f"choose another with {option}, or add --force",
        )
    folder = _real(path).parent
    if not folder.is_dir():
        raise OutputError(
            "the folder does not exist",
            where=str(folder),
            hint=f"make it first, or choose another with {option}",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            "the folder cannot be written to",
            where=str(folder),
            hint=f"choose one that you can write to with {option}",
        )


def results_folder(path: Path) -> None:
    """Make the folder that results go to, if it is not there. UsageError: it is no folder; OutputError."""
    if path.exists() and not path.is_dir():
        raise UsageError("this is no folder", where=str(path), hint="name a folder with -o")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(error, path) from error


def check_distinct(targets: Iterable[Path], sources: Iterable[Path] = ()) -> None:
    """UsageError when two targets are one file, or when one of them is a file that is read.

    Devices and pipes can take several.
    """
    read = {_real(source): source for source in sources}
    taken: dict[Path, Path] = {}
    for path in targets:
        if _is_special(path):
            continue
        if _real(path) in read:
            raise UsageError(
                "what is read cannot be written as well", where=str(path), hint="choose another name"
            )
        if _real(path) in taken:
            raise UsageError(
                "two results cannot be written to one file", where=str(path), hint="name two files"
            )
        taken[_real(path)] = path


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _real(path: Path) -> Path:
    """What links lead to: a file is replaced, a link to it stays."""
    return Path(os.path.realpath(path))


@contextmanager
def whole_file(path: Path, *, mode: int = 0o755) -> Iterator[BinaryIO]:
    """An empty unbuffered file that becomes `path` when the block ends well and vanishes otherwise.

    `mode` is cut by the umask as for any new file. OutputError: disk full, no permission.
    """
    final = _real(path)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=final.parent, prefix=f".{final.name[:200]}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "w+b", buffering=0) as file:
            yield cast(BinaryIO, file)
            os.fchmod(file.fileno(), mode & ~umask())
        temporary.replace(final)
        temporary = None
    except OSError as error:
        raise not_written(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def remove_unfinished(path: Path) -> None:
    """Remove what `whole_file` has begun for `path` in processes that were killed; nobody may be at it."""
    final = _real(path)
    with suppress(OSError):
        for each in final.parent.glob(f".{glob.escape(final.name[:200])}.*.part"):
            each.unlink(missing_ok=True)


def text_file(path: Path, text: str) -> None:
    """Write a small document, whole or not at all; or into a device or pipe. OutputError: as `whole_file`."""
    if _is_special(path):
        try:
            path.write_bytes(text.encode())
        except BrokenPipeError:
            raise  # nobody reads: main() knows what to do
        except OSError as error:
            raise not_written(error, path) from error
        return
    with whole_file(path, mode=0o644) as file:
        file.write(text.encode())


def not_written(error: OSError, path: Path) -> OutputError:
    """The OutputError that says why `path` could not be written."""
    hint = None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "free some space, or write to another disk"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "choose a folder that you can write to"
    return OutputError(f"cannot be written: {error.strerror or error}", where=str(path), hint=hint)


def umask() -> int:
    """Of this process, as umask(2) has it."""
    # There is no way to read it but to set it; another thread's file may see the stricter one.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
