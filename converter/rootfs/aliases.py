"""Other names of what was left out: those by a link to a folder, where the link went with it.

A program that looks for /usr/share/perl/5.36/x.pm is to be told of it, though the path is 5.36.0/x.pm.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from converter.image.tree import FileKind, FileTree

LIMIT = 1 << 16  # names: each takes four bytes of the boot record


def aliases(tree: FileTree, dropped: Sequence[bytes]) -> tuple[bytes, ...]:
    """Paths through dropped links of `tree` to what else was dropped, sorted; LIMIT of them at most."""
    found = set()
    for path in _aliases(tree, sorted(dropped)):
        found.add(path)
        if len(found) == LIMIT:
            break
    return tuple(sorted(found.difference(dropped)))


def _aliases(tree: FileTree, dropped: Sequence[bytes]) -> Iterator[bytes]:
    for link in dropped:
        if tree[link].kind is not FileKind.SYMLINK:
            continue
        end = tree.find(link)
        if end is None or end[1].kind is not FileKind.DIRECTORY:
            continue
        below = end[0].rstrip(b"/") + b"/"
        for at in range(bisect_left(dropped, below), len(dropped)):
            if not dropped[at].startswith(below):
                break
            yield link + b"/" + dropped[at].removeprefix(below)
