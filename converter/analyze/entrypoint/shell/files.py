"""The file system that a script sees: the image's tree, and on top of it what the script has changed.

Nothing of the host is reachable. Errors are the texts of strerror(3), as programs print them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import replace

from converter.analyze.entrypoint.shell.values import MAX_TEXT, Unknown, Value, to_bytes, to_text
from converter.analyze.users import Credentials
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree, Inode, Span

MAX_FILE = MAX_TEXT  # bytes of a file that a script reads or writes
MAX_CHANGES = 20_000  # entries

# Made by the container's engine, so that what the image has there is not what the script sees
# (OCI runtime-spec, config-linux.md, Default Filesystems and Default Devices; docker's own three files).
_MOUNTED = (b"/proc", b"/sys", b"/dev")
BY_ENGINE = frozenset((b"/etc/hosts", b"/etc/hostname", b"/etc/resolv.conf"))
DEVICES = frozenset(
    b"/dev/" + name
    for name in b"null zero full random urandom tty ptmx stdin stdout stderr".split()
)  # fmt: skip


class FileProblem(Exception):  # an error of the script's, not of ours
    """A file operation fails in the script; the text is strerror's."""


class Files:
    """A mutable view of a tree. `changed` says which paths the script touched."""

    def __init__(self, tree: FileTree, notice: Callable[[], None], spend: Callable[[int], None]) -> None:
        """`notice` is called for each change, `spend` with the bytes that are read or written."""
        self._base = tree
        self._spend = spend
        self._entries = tree.entries()
        self.view = FileTree(self._entries)  # resolves in the live dictionary
        self._children: dict[bytes, set[bytes]] | None = None
        self._links: dict[int, list[bytes]] | None = None
        self._notice = notice
        self.changed: dict[bytes, None] = {}
        self.unknown: dict[bytes, Unknown] = {}

    def tree(self) -> FileTree:
        """The tree with all changes made."""
        return FileTree(dict(self._entries), self._base.deletions)

    def difference(self) -> dict[bytes, tuple[object, ...] | None]:
        """What is different from the image, comparable by value; None for what is gone."""
        return {
            path: self._signature(self._entries.get(path))
            for path in sorted(self.changed)
            if self._signature(self._entries.get(path)) != self._signature(self._base.get(path))
        }

    def _signature(self, inode: Inode | None) -> tuple[object, ...] | None:
        if inode is None:
            return None
        return inode.kind, inode.mode, inode.uid, inode.gid, inode.target, inode.size, inode.spans

    def resolve(self, path: str, cwd: str, *, follow: bool = True) -> tuple[bytes, Inode] | None:
        """Canonical path and inode, as `FileTree.resolve`; None if it is not there or a loop."""
        if not path:
            return None
        try:
            return self.view.resolve(to_bytes(path), cwd=to_bytes(cwd), follow=follow)
        except IncompatibleImageError:
            return None

    def mounted(self, path: str, cwd: str) -> bytes | None:
        """The normal form of a path, or link, to what the engine mounts; None for what the image has."""
        whole = posixpath.normpath(posixpath.join(to_bytes(cwd), to_bytes(path))).replace(b"//", b"/")
        if (found := self.resolve(to_text(whole), "/", follow=False)) and found[1].kind is FileKind.SYMLINK:
            whole = posixpath.normpath(posixpath.join(posixpath.dirname(found[0]), found[1].target))
        inside = whole in BY_ENGINE or any(whole == top or whole.startswith(top + b"/") for top in _MOUNTED)
        return whole if inside and not whole.startswith(b"/dev/shm/") else None

    def children(self, path: bytes) -> list[str]:
        """Names in a directory, in byte order."""
        if self._children is None:
            self._children = {}
            for each in self._entries:
                if each != b"/":
                    above, _, name = each.rpartition(b"/")
                    self._children.setdefault(above or b"/", set()).add(name)
        return [to_text(name) for name in sorted(self._children.get(path, ()))]

    def walk(self, top: bytes) -> Iterator[tuple[bytes, Inode]]:
        """`top` and all below it, each directory before what is in it; links are not followed."""
        todo = [top]
        while todo:
            path = todo.pop()
            inode = self._entries.get(path)
            if inode is not None:
                yield path, inode
                if inode.kind is FileKind.DIRECTORY:
                    todo += [below(path, to_bytes(name)) for name in reversed(self.children(path))]

    def read(self, path: bytes, inode: Inode, user: Credentials) -> Value:
        """The contents of a file. Raises FileProblem."""
        if inode.kind is FileKind.DIRECTORY:
            raise FileProblem("Is a directory")
        if not (permits(inode, user, 4) and self.reachable(path, user)):
            raise FileProblem("Permission denied")
        if path in self.unknown:
            return self.unknown[path]
        if inode.kind is not FileKind.REGULAR:
            return Unknown(f"what comes from {to_text(path)}")
        if inode.size > MAX_FILE:
            return Unknown(f"the {inode.size} bytes of {to_text(path)}", filled=True)
        self._spend(inode.size)
        return to_text(self._base.read(inode))

    def put(self, path: bytes, inode: Inode | None) -> None:
        """Set or remove one path; a changed regular file changes under all its names."""
        old = self._entries.get(path)
        self._notice()
        names = [path]
        if old is not None and inode is not None and old.kind is inode.kind is FileKind.REGULAR:
            names = self._names_of(path, old)
        for name in names:
            self.changed[name] = None
            self.unknown.pop(name, None)
            if inode is None:
                self._entries.pop(name, None)
            else:
                self._entries[name] = inode
        if len(self.changed) > MAX_CHANGES:
            raise FileProblem(f"more than {MAX_CHANGES} files changed")
        if self._children is not None and (old is None) != (inode is None):
            above, _, name = path.rpartition(b"/")
            names_there = self._children.setdefault(above or b"/", set())
            names_there.discard(name) if inode is None else names_there.add(name)
        if self._links is not None and old is not None:
            self._links.pop(id(old), None)
        if self._links is not None and inode is not None and len(names) > 1:
            self._links[id(inode)] = names

    def make(self, path: bytes, inode: Inode) -> None:
        """Put a new one: below a folder with the set-group-ID bit it gets that one's group (inode(7))."""
        folder = self._entries.get(posixpath.dirname(path))
        if folder is not None and folder.mode & 0o2000:
            bit = 0o2000 if inode.kind is FileKind.DIRECTORY else 0
            inode = replace(inode, gid=folder.gid, mode=inode.mode | bit)
        self.put(path, inode)

    def reachable(self, path: bytes, user: Credentials) -> bool:
        """Whether `user` may search all folders above a canonical path (path_resolution(7))."""
        while path != b"/" and user.uid != 0:
            path = posixpath.dirname(path)
            folder = self._entries.get(path)
            if folder is not None and not permits(folder, user, 1):
                return False
        return True

    def alias(self, path: bytes, target: bytes) -> None:
        """A hard link at `path` to the file at `target`."""
        inode = self._entries[target]
        names = self._names_of(target, inode)
        self.put(path, inode)
        if self._links is not None:
            self._links[id(inode)] = [*names, path]

    def _names_of(self, path: bytes, inode: Inode) -> list[bytes]:
        if self._links is None:
            by_inode: dict[int, list[bytes]] = {}
            for each, other in self._entries.items():
                if other.kind is FileKind.REGULAR:
                    by_inode.setdefault(id(other), []).append(each)
            self._links = {number: names for number, names in by_inode.items() if len(names) > 1}
        return [name for name in self._links.get(id(inode), [path]) if self._entries.get(name) is inode]

    def parent(self, path: str, cwd: str, user: Credentials) -> bytes:
        """Where an entry at `path` would be made: its canonical path. Raises FileProblem."""
        trimmed = path.rstrip("/") or "/"
        above, _, name = trimmed.rpartition("/")
        where = self.resolve(above or ("/" if trimmed.startswith("/") else "."), cwd)
        if where is None:
            raise FileProblem("No such file or directory")
        if where[1].kind is not FileKind.DIRECTORY:
            raise FileProblem("Not a directory")
        if not (permits(where[1], user, 2) and self.reachable(below(where[0], b"."), user)):
            raise FileProblem("Permission denied")
        if name in ("", ".", ".."):
            raise FileProblem("File exists")
        return below(where[0], to_bytes(name))

    def write(
        self, path: str, cwd: str, user: Credentials, text: Value, *, append: bool = False, umask: int = 0o022
    ) -> None:
        """Contents of a file, made if it is not there (open(2), O_CREAT). Raises FileProblem."""
        found = self.resolve(path, cwd)
        if found is None:
            link = self.resolve(path, cwd, follow=False)
            if link is not None and link[1].kind is FileKind.SYMLINK:
                target = to_text(link[1].target)
                self.write(
                    target, to_text(posixpath.dirname(link[0])), user, text, append=append, umask=umask
                )
                return
            place = self.parent(path, cwd, user)
            self.make(place, Inode(FileKind.REGULAR, 0o666 & ~umask, user.uid, user.gid))
            self._store(place, self._entries[place], text)
            return
        place, inode = found
        if inode.kind is FileKind.DIRECTORY:
            raise FileProblem("Is a directory")
        if not (permits(inode, user, 2) and self.reachable(place, user)):
            raise FileProblem("Permission denied")
        if inode.kind is not FileKind.REGULAR:
            self._notice()
            return
        if append:
            old = self.read(place, inode, replace(user, uid=0))
            text = (
                old + text if isinstance(old, str) and isinstance(text, str) else Unknown("its new contents")
            )
        self._store(place, inode, text)

    def _store(self, path: bytes, inode: Inode, text: Value) -> None:
        data = to_bytes(text) if isinstance(text, str) else b""
        if len(data) > MAX_FILE:
            raise FileProblem("File too large")
        self._spend(len(data))
        spans = (Span(0, len(data), data=data),) if data else ()
        self.put(path, replace(inode, size=len(data), spans=spans, layer=-1, mtime=0, mtime_nsec=0))
        if isinstance(text, Unknown):
            self.unknown[path] = text


def below(path: bytes, name: bytes) -> bytes:
    return (path if path != b"/" else b"") + b"/" + name


def permits(inode: Inode, user: Credentials, bit: int) -> bool:
    """read 4, write 2, execute or search 1, as path_resolution(7) has it; root may all but execute."""
    if user.uid == 0:
        return bit != 1 or inode.kind is FileKind.DIRECTORY or bool(inode.mode & 0o111)
    if user.uid == inode.uid:
        return bool(inode.mode >> 6 & bit)
    return bool(inode.mode >> 3 & bit) if inode.gid in (user.gid, *user.groups) else bool(inode.mode & bit)
