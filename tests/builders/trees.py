"""File trees made by hand: inodes with their contents in memory."""

from __future__ import annotations

from collections.abc import Mapping

from converter.image.tree import FileKind, FileTree, Inode, Span


def regular(data: bytes = b"", mode: int = 0o644, **fields: object) -> Inode:
    spans = (Span(0, len(data), data=data),) if data else ()
    return Inode(FileKind.REGULAR, mode, size=len(data), spans=spans, **fields)


def program(data: bytes, **fields: object) -> Inode:
    return regular(data, 0o755, **fields)


def directory(mode: int = 0o755, **fields: object) -> Inode:
    return Inode(FileKind.DIRECTORY, mode, **fields)


def symlink(target: bytes, **fields: object) -> Inode:
    return Inode(FileKind.SYMLINK, 0o777, size=len(target), target=target, **fields)


def tree_of(entries: Mapping[str, Inode]) -> FileTree:
    return FileTree.empty().with_entries({path.encode(): inode for path, inode in entries.items()})
