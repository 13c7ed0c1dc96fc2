"""/etc/ld.so.conf (ldconfig(8)): folders, one a line, and `include` of other such files by pattern."""

from __future__ import annotations

import fnmatch

from converter.image.tree import FileKind, FileTree

_MAX_FILES = 256
_MAX_SIZE = 1 << 20  # bytes


def configured_folders(tree: FileTree, path: bytes = b"/etc/ld.so.conf") -> tuple[bytes, ...]:
    """The folders that ldconfig would scan, in order, without its built-in ones."""
    folders: dict[bytes, None] = {}
    seen: set[bytes] = set()
    todo = [path]
    while todo and len(seen) < _MAX_FILES:
        found = tree.resolve(todo.pop())
        if found is None or found[0] in seen:
            continue
        real, inode = found
        seen.add(real)
        if inode.kind is not FileKind.REGULAR or inode.size > _MAX_SIZE:
            continue
        included: list[bytes] = []
        for line in tree.read(inode).splitlines():
            words = line.partition(b"#")[0].split()
            if not words or words[0] == b"hwcap":
                continue
            if words[0] == b"include":
                if len(included) < _MAX_FILES:
                    included += _matches(tree, words[1], real) if len(words) > 1 else []
            elif words[0].startswith(b"/"):
                folders.setdefault(words[0].partition(b"=")[0])
        todo += reversed(included)
    return tuple(folders)


def _matches(tree: FileTree, pattern: bytes, including: bytes) -> list[bytes]:
    """Paths for an include pattern, whose wildcards may stand in the last component."""
    if not pattern.startswith(b"/"):
        pattern = including.rpartition(b"/")[0] + b"/" + pattern
    folder, _, last = pattern.rpartition(b"/")
    found = tree.resolve(folder or b"/")
    if found is None:
        return []
    names = (name for name in tree.children(found[0]) if fnmatch.fnmatchcase(name, last))
    return [found[0].rstrip(b"/") + b"/" + name for name in sorted(names)[:_MAX_FILES]]
