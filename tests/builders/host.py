"""File trees over folders of this machine, so that what reading says can be compared with what runs here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from converter.image.tree import FileKind, FileTree, Inode, Span

_KINDS = {kind.value: kind for kind in FileKind}


def host_tree(paths: Iterable[Path | str]) -> FileTree:
    """The given files, folders with all below them, and the links on the way there; contents stay on disk."""
    entries: dict[bytes, Inode] = {}
    todo = [Path(path) for path in paths]
    while todo:
        path = todo.pop()
        at = path.parts[0]
        for part in path.parts[1:]:
            below = Path(at) / part
            if below.is_symlink():  # then go on where it leads
                add(entries, below)
                target = os.path.normpath(below.parent / below.readlink())
                todo.append(Path(target) / path.relative_to(below))
                break
            at = str(below)
        else:
            if path.exists() and add(entries, path) and path.is_dir():
                todo += path.iterdir()
    return FileTree.empty().with_entries(entries)


def add(entries: dict[bytes, Inode], path: Path) -> bool:
    """Take in one path; False: it is there already or cannot be read."""
    name = str(path).encode("utf-8", "surrogateescape")
    if name in entries:
        return False
    try:
        found = path.lstat()
    except OSError:
        return False
    kind = _KINDS[stat.S_IFMT(found.st_mode)]
    target = str(path.readlink()).encode("utf-8", "surrogateescape") if kind is FileKind.SYMLINK else b""
    spans = ()
    if kind is FileKind.REGULAR and found.st_size:
        spans = (Span(0, found.st_size, blob=path),)
    size = len(target) if target else found.st_size if kind is FileKind.REGULAR else 0
    entries[name] = Inode(kind, stat.S_IMODE(found.st_mode), size=size, spans=spans, target=target)
    return True
