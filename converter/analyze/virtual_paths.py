"""Texts that name paths of the virtual file systems: /proc, /sys, /dev and what is below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_FOLDERS = (b"/proc", b"/sys", b"/dev")
_TEXT = re.compile(rb"/(?:proc|sys|dev)(?![\w.+-])[\w.+%@/-]*")
_BEFORE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-/*")
_TEXTS_MAX = 16  # texts of one place that are kept, of each folder


def virtual_paths(contents: bytes) -> Iterator[tuple[int, bytes]]:
    """Where in `contents` such a path is, and the path; folder by folder, ascending."""
    for folder in _FOLDERS:
        at = contents.find(folder)
        while at >= 0:
            match = _TEXT.match(contents, at) if at == 0 or contents[at - 1] not in _BEFORE else None
            if match is not None:
                yield at, match[0]
            at = contents.find(folder, at + len(folder))


def some_of_each(paths: Iterable[bytes]) -> list[bytes]:
    """The first `_TEXTS_MAX` different paths of each folder, sorted."""
    found: dict[bytes, set[bytes]] = {folder: set() for folder in _FOLDERS}
    for path in paths:
        kept = found[next(folder for folder in _FOLDERS if path.startswith(folder))]
        if len(kept) < _TEXTS_MAX:
            kept.add(path)
    return [path for kept in found.values() for path in sorted(kept)]
