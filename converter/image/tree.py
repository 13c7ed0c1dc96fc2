"""The file tree of an image: what all layers together say, with no file unpacked.

Paths are `bytes`, absolute, `/`-separated, without `.`/`..`/empty components; the root is ``b"/"``.
File contents are not held: a `Span` says where the bytes lie in the blob cache.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from converter.errors import IncompatibleImageError

MAX_LINKS = 40  # symbolic links in one resolution, as path_resolution(7) has it

NO_XATTRS: Mapping[str, bytes] = MappingProxyType({})


class FileKind(enum.Enum):
    """File types, with their S_IFMT bits (inode(7))."""

    REGULAR = 0o100000
    DIRECTORY = 0o040000
    SYMLINK = 0o120000
    CHARACTER = 0o020000
    BLOCK = 0o060000
    FIFO = 0o010000
    SOCKET = 0o140000


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes that stand at file offset `at`; they lie at `offset` in the host file `blob`.

    Gaps between the spans of a file are holes (zeros), as in GNU sparse tar members.
    `data` replaces blob and offset for the few files that u2k itself makes.
    """

    at: int
    length: int
    blob: Path | None = None
    offset: int = 0
    data: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Inode:
    """One inode. Hard links are several paths with the *same* Inode object (identity, not equality)."""

    kind: FileKind
    mode: int = 0o644  # permission bits with suid, sgid and sticky: 0..0o7777
    uid: int = 0
    gid: int = 0
    mtime: int = 0  # seconds since the epoch; may be negative
    mtime_nsec: int = 0
    size: int = 0  # bytes; of a symlink: length of its target
    spans: tuple[Span, ...] = ()
    target: bytes = b""  # of a symlink
    rdev: tuple[int, int] = (0, 0)  # major, minor of a device
    xattrs: Mapping[str, bytes] = field(default_factory=lambda: NO_XATTRS)
    layer: int = -1  # index of the layer it came from; -1: made by u2k


@dataclass(frozen=True, slots=True)
class Deletion:
    """A path of a lower layer that `layer` removed (by a whiteout); `size` bytes went out of sight."""

    layer: int
    path: bytes
    size: int


class FileTree(Mapping[bytes, Inode]):
    """An immutable mapping of absolute paths to inodes; every parent of a path is in it, as a directory.

    Iteration order is that of `walk`. Changes make a new tree, which shares the inodes.
    """

    def __init__(self, entries: Mapping[bytes, Inode], deletions: tuple[Deletion, ...] = ()) -> None:
        """`entries` must hold ``b"/"`` and be closed under parents; `with_entries` is for all else."""
        self._entries = entries
        self.deletions = deletions

    def __getitem__(self, path: bytes) -> Inode:
        return self._entries[path]

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._sorted)

    @functools.cached_property
    def _sorted(self) -> tuple[bytes, ...]:
        return tuple(sorted(self._entries))

    @functools.cached_property
    def _children(self) -> dict[bytes, list[bytes]]:
        found: dict[bytes, list[bytes]] = {}
        for path in self._sorted:
            if path != b"/":
                parent, _, name = path.rpartition(b"/")
                found.setdefault(parent or b"/", []).append(name)
        return found

    def entries(self) -> dict[bytes, Inode]:
        """A copy as a dictionary, in no order: for who changes many entries."""
        return dict(self._entries)

    def children(self, path: bytes) -> list[bytes]:
        """Names in the directory `path` (no symlinks followed), in byte order; [] when it is none."""
        return list(self._children.get(path, ()))

    def walk(self) -> Iterator[tuple[bytes, Inode]]:
        """All paths in byte order of the whole path; so each directory comes before what is in it."""
        for path in self._sorted:
            yield path, self._entries[path]

    def resolve(
        self, path: bytes, *, cwd: bytes = b"/", follow: bool = True, links: list[bytes] | None = None
    ) -> tuple[bytes, Inode] | None:
        """What `path` names, as the kernel would find it with this tree as root (path_resolution(7)).

        Symlinks are followed inside the root, the last one only with `follow` or before a trailing
        slash; the canonical paths of those that were are added to `links`. Returns the canonical path and
        its inode, or None when there is no such thing.
        Errors: IncompatibleImageError after 40 links, which only a loop needs.
        """
        todo = [*reversed(path.split(b"/")), *([] if path.startswith(b"/") else reversed(cwd.split(b"/")))]
        at, followed = b"", 0
        while todo:
            name = todo.pop()
            here = self._entries[at or b"/"]
            if here.kind is not FileKind.DIRECTORY:
                return None
            if name in (b"", b"."):
                continue
            if name == b"..":
                at = at.rpartition(b"/")[0]
                continue
            inode = self._entries.get(at + b"/" + name)
            if inode is None:
                return None
            if inode.kind is FileKind.SYMLINK and (follow or todo):
                followed += 1
                if links is not None:
                    links.append(at + b"/" + name)
                if followed > MAX_LINKS or not inode.target:
                    shown = (at + b"/" + name).decode(errors="backslashreplace")
                    raise IncompatibleImageError(
                        "too many levels of symbolic links",
                        where=path.decode(errors="backslashreplace"),
                        hint=f"the links go round in circles at {shown}",
                    )
                if inode.target.startswith(b"/"):
                    at = b""
                todo.extend(reversed(inode.target.split(b"/")))
            else:
                at += b"/" + name
        return at or b"/", self._entries[at or b"/"]

    def find(
        self, path: bytes, *, cwd: bytes = b"/", links: list[bytes] | None = None
    ) -> tuple[bytes, Inode] | None:
        """As `resolve`, but None also where links go round in circles."""
        try:
            return self.resolve(path, cwd=cwd, links=links)
        except IncompatibleImageError:
            return None

    def open(self, inode: Inode) -> BinaryIO:
        """The contents of a regular file: a seekable stream that reads from the blobs as asked for."""
        from converter.image.contents import open_contents

        return open_contents(inode)

    def read(self, inode: Inode, limit: int = 64 << 20) -> bytes:
        """The whole contents. Errors: IncompatibleImageError when it is longer than `limit` bytes."""
        if inode.size > limit:
            raise IncompatibleImageError(f"a file of {inode.size} bytes, at most {limit} were expected")
        with self.open(inode) as stream:
            return stream.read()

    def with_entries(self, entries: Mapping[bytes, Inode]) -> FileTree:
        """This tree with `entries` added or replaced; missing parents become directories (0755, root).

        A directory over a directory keeps what is in it; anything else replaces what was there.
        """
        replaced = [
            path
            for path, inode in entries.items()
            if inode.kind is not FileKind.DIRECTORY and path in self._children
        ]
        result = dict(self.without(replaced)._entries)
        for path in sorted(entries):
            if not path.startswith(b"/") or (path != b"/" and path.endswith(b"/")):
                raise ValueError(f"not a canonical absolute path: {path!r}")
            above = path.rpartition(b"/")[0]
            while above:
                found = result.setdefault(above, Inode(FileKind.DIRECTORY, 0o755))
                if found.kind is not FileKind.DIRECTORY:
                    raise ValueError(f"{above!r}, above {path!r}, is no directory")
                above = above.rpartition(b"/")[0]
            result[path] = entries[path]
        return FileTree(result, self.deletions)

    def without(self, paths: Iterable[bytes]) -> FileTree:
        """This tree less `paths` and all that is below them; paths that are not there are no error."""
        todo = [path for path in paths if path in self._entries and path != b"/"]
        if not todo:
            return self
        result = dict(self._entries)
        while todo:
            path = todo.pop()
            result.pop(path, None)
            todo.extend(path + b"/" + name for name in self._children.get(path, ()))
        return FileTree(result, self.deletions)

    @classmethod
    def empty(cls) -> FileTree:
        return cls({b"/": Inode(FileKind.DIRECTORY, 0o755)})
