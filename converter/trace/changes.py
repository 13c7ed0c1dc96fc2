"""What was changed in a laid-out tree: read back, so that an entrypoint's work is in the root image.

The whole tree is looked at, since no log says what a renamed folder had in it. It belongs to strangers, and
some of them may still run: folders are opened one in the other, and no link is followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from converter.analyze.users import Credentials
from converter.image.tree import FileKind, FileTree, Inode
from converter.trace.contents import KeptContents, TooMuchChanged
from converter.trace.unpack import MOUNTED, Owners

_MAX_ENTRIES = 1 << 20
_MAX_CHANGED = 200_000
_MAX_DEPTH = 200  # of folders; each is an open file while it is looked at
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class _State:
    """What stat(2) shows. The time of change is the kernel's own: nobody can set it back."""

    number: int
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    ctime: int

    def same_contents(self, other: _State) -> bool:
        if stat.S_IFMT(self.mode) != stat.S_IFMT(other.mode):
            return False
        return not stat.S_ISREG(self.mode) or (self.size, self.mtime) == (other.size, other.mtime)


@dataclass(frozen=True, slots=True)
class _Entry:
    path: bytes
    name: bytes
    folder: int  # descriptor of the folder that it is in
    state: _State


class Changes:
    """Remembers how `root` is when it is made; `tree` is what was laid out there."""

    def __init__(
        self, tree: FileTree, root: Path, owners: Owners | None, user: Credentials, contents: KeptContents
    ) -> None:
        """user: who owns what is new where there is one id only. contents: where new contents go."""
        self._tree, self._root, self._owners, self._user = tree, root, owners, user
        self._contents = contents
        self._first = {entry.path: entry.state for entry in self._walk()}
        self._laid_out = {
            state.number: (state, inode)
            for path, state in self._first.items()
            if (inode := tree.get(path)) is not None
        }
        self._read: dict[_State, Inode] = {}  # names of one inode share the object
        self.paths: tuple[bytes, ...] = ()  # made, changed or removed, when it was last looked at; sorted

    def read(self) -> FileTree:
        """The tree as it is now. Errors: TooMuchChanged, OutputError."""
        try:
            return self._tree_now()
        except OSError as error:
            raise TooMuchChanged(f"it could not be read: {error.strerror}") from error

    def _tree_now(self) -> FileTree:
        there: set[bytes] = set()
        changed: dict[bytes, Inode] = {}
        for entry in self._walk():
            there.add(entry.path)
            if self._first.get(entry.path) == entry.state:
                continue
            inode = self._inode(entry)
            if inode is None or inode is self._tree.get(entry.path):
                continue
            changed[entry.path] = inode
            if len(changed) > _MAX_CHANGED:
                raise TooMuchChanged(f"more than {_MAX_CHANGED} files were changed")
        gone = [path for path in self._first if path not in there and path in self._tree]
        self.paths = tuple(sorted((*changed, *gone)))
        return self._tree.without(gone).with_entries(changed)

    def _inode(self, entry: _Entry) -> Inode | None:
        """None for what is not kept: sockets, devices, and what is gone already."""
        state = entry.state
        found = self._read.get(state)
        if found is None:
            known = self._laid_out.get(state.number)
            if known is not None and known[0].same_contents(state):
                found = self._as_known(state, *known)
            else:
                found = self._new(entry)
            if found is not None:
                self._read[state] = found
        return found

    def _as_known(self, state: _State, before: _State, inode: Inode) -> Inode:
        """A file of the image, perhaps with another mode or owner."""
        if (state.mode, state.uid, state.gid) == (before.mode, before.uid, before.gid):
            return inode
        uid = inode.uid if state.uid == before.uid else self._id(state.uid)
        gid = inode.gid if state.gid == before.gid else self._id(state.gid)
        mode = inode.mode if state.mode == before.mode else stat.S_IMODE(state.mode)
        if (uid, gid) != (inode.uid, inode.gid) and inode.kind is FileKind.REGULAR:
            # The laid-out file had no such bits; changing the owner clears them (chown(2)).
            mode &= ~(0o6000 if mode & 0o010 else 0o4000)
        return replace(inode, mode=mode, uid=uid, gid=gid)

    def _new(self, entry: _Entry) -> Inode | None:
        state = entry.state
        uid, gid = self._id(state.uid), self._id(state.gid)
        if self._owners is None:
            uid, gid = self._user.uid, self._user.gid
        # Without times: the same work gives the same root, whenever it is done.
        made = Inode(FileKind(stat.S_IFMT(state.mode)), stat.S_IMODE(state.mode), uid, gid)
        try:
            if made.kind is FileKind.SYMLINK:
                target = os.readlink(entry.name, dir_fd=entry.folder)
                return replace(made, target=target, size=len(target))
            if made.kind is FileKind.REGULAR:
                return self._with_contents(made, entry)
        except FileNotFoundError:
            return None
        return made if made.kind in (FileKind.DIRECTORY, FileKind.FIFO) else None

    def _with_contents(self, made: Inode, entry: _Entry) -> Inode | None:
        source = os.open(entry.name, _FILE, dir_fd=entry.folder)
        try:
            there = os.fstat(source)
            if there.st_ino != entry.state.number or not stat.S_ISREG(there.st_mode):
                return None  # somebody has put another one there meanwhile
            return replace(made, size=there.st_size, spans=self._contents.keep(source, there.st_size))
        finally:
            os.close(source)

    def _id(self, number: int) -> int:
        """The image's id of the host's."""
        if self._owners is None:
            return number
        inside = number - self._owners.first
        return inside if 0 <= inside < self._owners.count else 65534

    def _walk(self) -> Iterator[_Entry]:
        """All below the root but what the sandbox mounts, each folder before what is in it.

        Errors: TooMuchChanged, OSError.
        """
        top = os.open(self._root, _FOLDER)
        try:
            here = os.fstat(top)
            yield _Entry(b"/", b".", top, _state(here))
            for count, entry in enumerate(self._below(top, b"", 0)):
                if count > _MAX_ENTRIES:
                    raise TooMuchChanged(f"there are more than {_MAX_ENTRIES} files")
                yield entry
        finally:
            os.close(top)

    def _below(self, folder: int, path: bytes, depth: int) -> Iterator[_Entry]:
        with os.scandir(folder) as names:
            entries = sorted(names, key=lambda entry: os.fsencode(entry.name))
        for each in entries:
            name = os.fsencode(each.name)
            whole = path + b"/" + name
            if whole in MOUNTED:
                continue
            try:
                state = _state(each.stat(follow_symlinks=False))
                yield _Entry(whole, name, folder, state)
                if not stat.S_ISDIR(state.mode):
                    continue
                if depth >= _MAX_DEPTH:
                    raise TooMuchChanged(f"there are folders in folders, more than {_MAX_DEPTH}")
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except (FileNotFoundError, NotADirectoryError):  # gone, or another one, meanwhile
                continue
            try:
                yield from self._below(inner, whole, depth + 1)
            finally:
                os.close(inner)


def _state(found: os.stat_result) -> _State:
    return _State(
        found.st_ino,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )
