"""The folder of the host that a sandbox's files lie in, and its removal, whatever the program made of it."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from converter.trace.unpack import Owners

_PREFIX = "u2k-sandbox-"
_YOUNG = 60.0  # seconds in which a folder may not be locked yet
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Workplace:
    """A folder for one sandbox: `root` for the tree, `start`. All of it is gone at the end.

    Its lock says that somebody works in it; folders of a tool that was killed are removed by the next one.
    """

    def __init__(self, owners: Owners | None, start: Path) -> None:
        self._owners, self._source = owners, start

    def __enter__(self) -> Workplace:
        _remove_forgotten(Path(tempfile.gettempdir()), self._owners)
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self._folder, _FOLDER)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.root, self.start = self._folder / "root", self._folder / "start"
        self.root.mkdir()
        # The cache may lie where the namespace's root cannot go.
        shutil.copy(self._source, self.start)
        self.start.chmod(0o755)
        if self._owners is not None:
            # Only the namespace's root may enter; and for nobody is there a way in but through here.
            for path in (self.root, self._folder):
                os.chown(path, self._owners.first, self._owners.first)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            remove(self._folder)
        finally:
            os.close(self._lock)


def remove(folder: Path) -> None:
    """Remove a folder of strangers' making: of any depth, with any modes, without following a link.

    Nobody may change it meanwhile. What is in a folder comes up to the top first, so that no path gets long.
    """
    token = os.urandom(8).hex()  # unlike any name that is there
    numbers = (f"{token}.{number}" for number in itertools.count())
    top = os.open(folder, _FOLDER)
    try:
        todo = _emptied(top, top, numbers)
        while todo:
            name = todo.pop()
            os.chmod(name, 0o700, dir_fd=top)  # of a user's own program, who is not root
            inner = os.open(name, _FOLDER, dir_fd=top)
            try:
                todo += _emptied(inner, top, numbers)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    folder.rmdir()


def _emptied(folder: int, top: int, numbers: Iterator[str]) -> list[str]:
    """Removes the files in `folder`, and moves the folders to `top`: their names there."""
    with os.scandir(folder) as entries:
        there = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    found = []
    for name, is_folder in there:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
            continue
        number = next(numbers)
        os.chmod(name, 0o700, dir_fd=folder)  # moving it changes its `..`
        os.rename(name, number, src_dir_fd=folder, dst_dir_fd=top)
        found.append(number)
    return found


def _remove_forgotten(parent: Path, owners: Owners | None) -> None:
    """Folders whose maker is gone, killed by a signal that cannot be caught."""
    ours = {os.geteuid(), *(() if owners is None else (owners.first,))}
    for path in parent.glob(_PREFIX + "*"):
        with contextlib.suppress(OSError):  # another user's, or gone meanwhile
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
                continue
            if time.time() - found.st_mtime < _YOUNG:
                continue
            lock = os.open(path, _FOLDER)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
            finally:
                os.close(lock)
