"""What the readers share: bounded reading of database files, and listed paths made canonical.

A database is the image's word and may be hostile. All text that is read of one image counts against a budget,
so that ten thousand hard links to one large list cost no more than one large list.
"""

from __future__ import annotations

from converter.image.tree import FileKind, FileTree, Inode

TEXT_BUDGET = 64 << 20  # bytes of lists and stanzas in an image; a large desktop has 30 MB
FILE_BUDGET = 512 << 20  # bytes of a binary database
PACKAGES_MAX = 200_000


class DatabaseError(Exception):
    """A database makes no sense or is beyond the bounds; the text says how."""


class Reader:
    """Reads database files of one tree, and turns the paths in them into those of the tree."""

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        self._left = TEXT_BUDGET
        self._folders: dict[bytes, bytes | None] = {}

    def read(self, path: bytes) -> bytes | None:
        """A regular file's contents, None when there is none. Raises DatabaseError beyond the budget."""
        found = self.tree.find(path)
        return None if found is None or found[1].kind is not FileKind.REGULAR else self.contents(found[1])

    def binary(self, path: bytes) -> bytes | None:
        """As `read`, of a database that is one file. Raises DatabaseError when that is beyond all measure."""
        found = self.tree.find(path)
        if found is None or found[1].kind is not FileKind.REGULAR:
            return None
        if found[1].size > FILE_BUDGET:
            raise DatabaseError(f"{found[1].size} bytes are more than any package database has")
        return self.tree.read(found[1], FILE_BUDGET)

    def folder(self, path: bytes) -> list[tuple[bytes, Inode]]:
        """(path, inode) of the regular files right in a folder, in byte order."""
        found = self.tree.find(path)
        if found is None or found[1].kind is not FileKind.DIRECTORY:
            return []
        children = ((found[0] + b"/" + name, name) for name in self.tree.children(found[0]))
        inodes = ((full, self.tree[full]) for full, _ in children)
        return [(full, inode) for full, inode in inodes if inode.kind is FileKind.REGULAR]

    def contents(self, inode: Inode) -> bytes:
        """As `read`, of an inode of this tree."""
        self._left -= inode.size
        if self._left < 0:
            raise DatabaseError("it is larger than any package database should be")
        return self.tree.read(inode, max(inode.size, 1))

    def canonical(self, path: bytes) -> bytes | None:
        """Where a listed path is in the tree; its last component is not followed. None: it is not there.

        `/lib/x` of a package is `/usr/lib/x` in an image whose /lib is a link to usr/lib.
        """
        path = path.rstrip(b"/") or b"/"
        if path == b"/":
            return path
        parent, _, name = path.rpartition(b"/")
        if parent not in self._folders:
            found = self.tree.find(parent or b"/")
            self._folders[parent] = None if found is None else found[0].rstrip(b"/")
        folder = self._folders[parent]
        full = None if folder is None else folder + b"/" + name
        return full if full in self.tree else None

    def canonical_all(self, paths: list[bytes]) -> tuple[bytes, ...]:
        """Those of `paths` that are in the tree, sorted, each once, without the root."""
        found = {self.canonical(path) for path in set(paths)} - {None, b"/"}
        return tuple(sorted(path for path in found if path is not None))


def text(data: bytes) -> str:
    """Database text; bytes that are no UTF-8 are shown as escapes."""
    return data.decode("utf-8", "backslashreplace").strip()
