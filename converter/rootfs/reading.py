"""The EROFS reader: the tree of an image as `erofs` writes it, out of a file that may be damaged or hostile.

Contents stay where they are: a file's span lies in the image's own file. Extended attributes are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from converter.image.tree import FileKind, FileTree, Inode, Span
from converter.rootfs import ondisk
from converter.rootfs.ondisk import BLOCK_SIZE, DIRENT_SIZE, SLOT_SIZE, Layout

_PATHS_MAX = 1 << 20
_PATH_MAX = 4096  # bytes
_DIRECTORY_MAX = 64 << 20  # bytes of one
_READ_MAX = 256 << 20  # bytes of all directories and links
_KINDS = {kind.value: kind for kind in FileKind}


class CorruptRootError(ValueError):
    """The image contradicts itself, or is beyond the bounds; the text says how."""


@dataclass(frozen=True, slots=True)
class _Record:
    layout: int
    mode: int
    size: int
    block: int  # or a device number
    uid: int
    gid: int
    behind: int  # offset in the image behind inode and extended attributes, where a tail is


def read_root(path: Path, offset: int, size: int) -> FileTree:
    """The tree of the image at `offset` of `path`, `size` bytes long. Raises CorruptRootError, OSError."""
    with path.open("rb") as file:
        return _Reader(file, path, offset, size).tree()


class _Reader:
    def __init__(self, file: BinaryIO, path: Path, offset: int, size: int) -> None:
        self._file, self._path, self._offset, self._size = file, path, offset, size
        self._left = _READ_MAX
        self._inodes: dict[int, Inode] = {}  # by node number: hard links share one
        self._entries: dict[bytes, Inode] = {}

    def tree(self) -> FileTree:
        head = ondisk.unpack_super(self._read(ondisk.SUPER_OFFSET, ondisk.SUPER_SIZE))
        if head is None:
            raise CorruptRootError("there is no superblock")
        todo = [(b"/", head)]
        while todo:
            path, nid = todo.pop()
            inode = self._inode(nid)
            self._entries[path] = inode
            if len(self._entries) > _PATHS_MAX:
                raise CorruptRootError(f"more than {_PATHS_MAX} paths")
            if inode.kind is FileKind.DIRECTORY:
                todo += self._children(path, nid)
        if self._entries[b"/"].kind is not FileKind.DIRECTORY:
            raise CorruptRootError("the root is no directory")
        return FileTree(self._entries)

    def _children(self, path: bytes, nid: int) -> Iterator[tuple[bytes, int]]:
        data = self._contents(self._record(nid), _DIRECTORY_MAX)
        for at in range(0, len(data), BLOCK_SIZE):
            for name, child in _names(data[at : at + BLOCK_SIZE]):
                if name in (b".", b".."):
                    continue
                full = path.rstrip(b"/") + b"/" + name
                if not name or b"/" in name or b"\0" in name or len(full) > _PATH_MAX:
                    raise CorruptRootError("a name is none")  # or directories that hold each other
                yield full, child

    def _inode(self, nid: int) -> Inode:
        found = self._inodes.get(nid)
        if found is not None:
            return found
        record = self._record(nid)
        kind = _KINDS.get(record.mode & 0o170000)
        if kind is None:
            raise CorruptRootError(f"node {nid} is of no known type")
        spans: tuple[Span, ...] = ()
        target, size = b"", 0
        if kind is FileKind.REGULAR:
            size = record.size
            if record.layout != Layout.FLAT_PLAIN or record.block * BLOCK_SIZE + size > self._size:
                raise CorruptRootError(f"the contents of node {nid} lie outside")
            spans = (Span(0, size, self._path, self._offset + record.block * BLOCK_SIZE),) if size else ()
        elif kind is FileKind.SYMLINK:
            target = self._contents(record, BLOCK_SIZE)
            size = len(target)
        found = Inode(
            kind, record.mode & 0o7777, record.uid, record.gid, size=size, spans=spans, target=target
        )
        self._inodes[nid] = found
        return found

    def _record(self, nid: int) -> _Record:
        at = nid * SLOT_SIZE
        (form,) = struct.unpack("<H", self._read(at, 2))
        width = ondisk.EXTENDED_SIZE if form & 1 else ondisk.COMPACT_SIZE
        icount, mode, size, block, uid, gid = ondisk.unpack_inode(self._read(at, width))
        attributes = 12 + 4 * (icount - 1) if icount else 0
        return _Record(form >> 1 & 7, mode, size, block, uid, gid, at + width + attributes)

    def _contents(self, record: _Record, limit: int) -> bytes:
        if record.size > limit:
            raise CorruptRootError(f"a directory or link of {record.size} bytes")
        inline = record.layout == Layout.FLAT_INLINE
        if not inline and record.layout != Layout.FLAT_PLAIN:
            raise CorruptRootError("a layout that is not written")
        tail = record.size % BLOCK_SIZE if inline else 0
        whole = record.size - tail
        data = self._read(record.block * BLOCK_SIZE, whole) if whole else b""
        return data + (self._read(record.behind, tail) if tail else b"")

    def _read(self, at: int, length: int) -> bytes:
        self._left -= length
        if at + length > self._size or self._left < 0:
            raise CorruptRootError("it ends early, or has too much in it")
        self._file.seek(self._offset + at)
        data = self._file.read(length)
        if len(data) != length:
            raise CorruptRootError("the file ends early")
        return data


def _names(block: bytes) -> Iterator[tuple[bytes, int]]:
    """Names and node numbers of a directory block: the first name's offset says how many there are."""
    if len(block) < DIRENT_SIZE:
        raise CorruptRootError("a directory's block is cut off")
    heads = [ondisk.unpack_dirent(block, 0)]
    count = heads[0][1] // DIRENT_SIZE
    if not 0 < count * DIRENT_SIZE <= len(block):
        raise CorruptRootError("a directory's block has no names")
    heads += [ondisk.unpack_dirent(block, number * DIRENT_SIZE) for number in range(1, count)]
    ends = [*(offset for _, offset in heads[1:]), len(block)]
    for (nid, offset), end in zip(heads, ends, strict=True):
        yield block[offset:end].rstrip(b"\0"), nid
