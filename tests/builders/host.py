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
        at = Path("/")
        for number, part in enumerate(path.parts[1:], 2):
            at /= part
            if at.is_symlink():  # then go on where it leads
                _add(entries, at, at.lstat())
                todo.append(Path(os.path.normpath(at.parent / at.readlink())).joinpath(*path.parts[number:]))
                break
        else:
            if path.exists() and _add(entries, path, path.lstat()) and path.is_dir():
                _add_below(entries, path)
    return FileTree.empty().with_entries(entries)


def _add_below(entries: dict[bytes, Inode], folder: Path) -> None:
    todo = [str(folder)]
    while todo:
        try:
            found = list(os.scandir(todo.pop()))
        except OSError:
            continue
        for each in found:
            new = _add(entries, each.path, each.stat(follow_symlinks=False))
            if new and each.is_dir(follow_symlinks=False):
                todo.append(each.path)


def _add(entries: dict[bytes, Inode], path: Path | str, found: os.stat_result) -> bool:
    """Take in one path; False: it is there already."""
    name = os.fsencode(path)
    if name in entries:
        return False
    kind = _KINDS[stat.S_IFMT(found.st_mode)]
    target = os.fsencode(Path(path).readlink()) if kind is FileKind.SYMLINK else b""
    length = found.st_size if kind is FileKind.REGULAR else 0
    spans = (Span(0, length, blob=Path(path)),) if length else ()
    entries[name] = Inode(
        kind, stat.S_IMODE(found.st_mode), size=length or len(target), spans=spans, target=target
    )
    return True
