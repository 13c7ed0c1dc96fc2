"""Layers on top of each other become one file tree (OCI image-spec, layer.md).

Works on names only: nothing is unpacked, so no member can reach the host's files.
Within a layer the whiteouts are applied first, wherever they stand, because they "only apply to
resources in lower layers"; the rest is applied in order, as tar would.
"""

from __future__ import annotations

from collections.abc import Iterator

from converter.image.layer_index import LayerIndex, refused
from converter.image.tar_reader import TarMember
from converter.image.tree import MAX_LINKS, NO_XATTRS, Deletion, FileKind, FileTree, Inode, Span

_WHITEOUT = b".wh."
_OPAQUE = b".wh..wh..opq"
_AUFS = b".wh..wh."  # AUFS's own bookkeeping, which engines pass over
_KINDS = {
    "0": FileKind.REGULAR,
    "2": FileKind.SYMLINK,
    "3": FileKind.CHARACTER,
    "4": FileKind.BLOCK,
    "5": FileKind.DIRECTORY,
    "6": FileKind.FIFO,
}


class _Node:
    """A name in the tree while it is being made; hard links are nodes with one inode."""

    __slots__ = ("children", "inode")

    def __init__(self, inode: Inode) -> None:
        self.inode = inode
        self.children: dict[bytes, _Node] = {}


class Layers:
    """The tree so far; `apply` puts a layer on top of it."""

    def __init__(self) -> None:
        self._root = _Node(Inode(FileKind.DIRECTORY, 0o755))
        self._deletions: list[Deletion] = []
        self._layer = -1
        self._where = ""
        # Members mostly stand beside the one before: its folder, by the name it was given.
        self._last: tuple[bytes, _Node] | None = None

    def apply(self, index: LayerIndex, layer: int, where: str) -> None:
        """Errors: IncompatibleImageError naming the layer (`where`) and the path."""
        self._layer, self._where, self._last = layer, where, None
        entries: list[TarMember] = []
        hidden: dict[bytes, Inode] = {}
        for member in index.members:
            if not (member.name.startswith(_WHITEOUT) or b"/" + _WHITEOUT in member.name):
                entries.append(member)
            else:
                self._white_out(member.name, hidden)
        for member in entries:
            self._add(member, index, hidden)

    def tree(self) -> FileTree:
        """The file tree of all layers applied."""
        return FileTree(
            {path or b"/": node.inode for path, node in _subtree(b"", self._root)}, tuple(self._deletions)
        )

    def _white_out(self, path: bytes, hidden: dict[bytes, Inode]) -> None:
        """Removes what the whiteout `path` names; `hidden` keeps the inodes for hard links to them."""
        *above, name = path.split(b"/")
        if any(part.startswith(_AUFS) for part in above) or (name.startswith(_AUFS) and name != _OPAQUE):
            return
        victim = name[len(_WHITEOUT) :]
        if any(part.startswith(_WHITEOUT) for part in above):
            raise refused(self._where, path, "a whiteout with something below it")
        if victim in (b"", b".", b".."):
            raise refused(self._where, path, "a whiteout without a name")
        place = self._directory(above, path, make=False)
        if place is None:
            return
        parent, prefix = place
        for gone in list(parent.children) if name == _OPAQUE else [victim]:
            node = parent.children.pop(gone, None)
            if node is not None:
                removed = dict(_subtree(prefix + b"/" + gone, node))
                hidden.update((path, below.inode) for path, below in removed.items())
                size = sum(below.inode.size for below in removed.values())
                self._deletions.append(Deletion(self._layer, prefix + b"/" + gone, size))

    def _add(self, member: TarMember, index: LayerIndex, hidden: dict[bytes, Inode]) -> None:
        if not member.name:
            if member.type != "5":
                raise refused(self._where, b"/", "the root is not a directory")
            self._root.inode = self._inode(member, index)
            return
        above, _, name = member.name.rpartition(b"/")
        if self._last is None or self._last[0] != above:
            self._last = above, self._made_directory(above.split(b"/"), member.name)
        parent = self._last[1]
        inode = self._linked(member, hidden) if member.type == "1" else self._inode(member, index)
        old = parent.children.get(name)
        if old is not None and inode.kind is old.inode.kind is FileKind.DIRECTORY:
            old.inode = inode
        else:
            parent.children[name] = _Node(inode)
            if old is not None:
                self._last = None  # a folder or a link on the way to it may be another now

    def _inode(self, member: TarMember, index: LayerIndex) -> Inode:
        kind = _KINDS[member.type]
        return Inode(
            kind,
            member.mode,
            member.uid,
            member.gid,
            member.mtime,
            member.mtime_nsec,
            len(member.link) if kind is FileKind.SYMLINK else member.size,
            tuple(Span(at, length, index.blob, index.base + offset) for at, length, offset in member.runs),
            member.link if kind is FileKind.SYMLINK else b"",
            member.rdev,
            member.xattrs or NO_XATTRS,
            self._layer,
        )

    def _linked(self, member: TarMember, hidden: dict[bytes, Inode]) -> Inode:
        """The inode that a hard link names: its last component is not followed (link(2))."""
        *above, name = member.link.split(b"/")
        place = self._directory(above, member.name, make=False)
        node = place[0].children.get(name) if place else None
        # A whiteout that stands behind the link in the archive hides its target only afterwards.
        inode = node.inode if node else hidden.get(b"/" + member.link)
        target = member.link.decode(errors="backslashreplace")
        if inode is None:
            raise refused(self._where, member.name, f"a hard link to {target!r}, which does not exist")
        if inode.kind is FileKind.DIRECTORY:
            raise refused(self._where, member.name, f"a hard link to {target!r}, a directory")
        return inode

    def _made_directory(self, parts: list[bytes], wanted_by: bytes) -> _Node:
        found = self._directory(parts, wanted_by, make=True)
        if found is None:
            raise refused(self._where, wanted_by, "a path below something that is no directory")
        return found[0]

    def _directory(self, parts: list[bytes], wanted_by: bytes, *, make: bool) -> tuple[_Node, bytes] | None:
        """The directory that `parts` lead to, and its real path ("" for the root).

        Symlinks are followed inside the root. With `make`, what is missing is made (0755, root); without
        it, None. None as well when something on the way is no directory.
        """
        stack: list[tuple[bytes, _Node]] = []
        todo = parts[::-1]
        links = 0
        while todo:
            name = todo.pop()
            node = stack[-1][1] if stack else self._root
            if name in (b"", b"."):
                continue
            if name == b"..":
                if stack:
                    stack.pop()
                continue
            below = node.children.get(name)
            if below is None:
                if not make:
                    return None
                below = _Node(Inode(FileKind.DIRECTORY, 0o755, layer=self._layer))
                node.children[name] = below
            if below.inode.kind is FileKind.SYMLINK:
                links += 1
                if links > MAX_LINKS:
                    raise refused(self._where, wanted_by, "a loop of symbolic links on the way to a file")
                if below.inode.target.startswith(b"/"):
                    stack.clear()
                todo.extend(reversed(below.inode.target.split(b"/")))
            elif below.inode.kind is FileKind.DIRECTORY:
                stack.append((name, below))
            else:
                return None
        return (stack[-1][1] if stack else self._root), b"".join(b"/" + name for name, _ in stack)


def _subtree(path: bytes, node: _Node) -> Iterator[tuple[bytes, _Node]]:
    """`node` and all below it. Iterative: paths may be deeper than Python's stack."""
    todo = [(path, node)]
    while todo:
        path, node = todo.pop()
        yield path, node
        todo.extend((path + b"/" + name, below) for name, below in node.children.items())
