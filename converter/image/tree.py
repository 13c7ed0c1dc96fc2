"""The file tree of an image: what all layers together say, with no file unpacked.

Paths are `bytes`, absolute, `/`-separated, without `.`/`..`/empty components; the root is ``b"/"``.
File contents are not held: a `Span` says where the bytes lie in the blob cache.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

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
    xattrs: Mapping[str, bytes] = field(default=NO_XATTRS)
    layer: int = -1  # index of the layer it came from; -1: made by u2k
