"""A file tree as one layer: a tar of the same bytes for the same tree (OCI image-spec, layer.md)."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from converter.image.tree import FileKind, FileTree, Inode

_TYPES = {
    FileKind.REGULAR: tarfile.REGTYPE,
    FileKind.DIRECTORY: tarfile.DIRTYPE,
    FileKind.SYMLINK: tarfile.SYMTYPE,
    FileKind.CHARACTER: tarfile.CHRTYPE,
    FileKind.BLOCK: tarfile.BLKTYPE,
    FileKind.FIFO: tarfile.FIFOTYPE,
}
_LEVEL = 6  # of gzip, the default of docker and of gzip(1)


@dataclass(frozen=True, slots=True)
class WrittenLayer:
    """A compressed layer. Sizes in bytes; `diff_id` is the digest of the plain tar."""

    digest: str
    size: int
    diff_id: str
    plain_size: int


class _Hashed:
    """A stream to write to that knows how much went through it, and its SHA-256."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._hash, self.size = out, hashlib.sha256(), 0

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data)
        self._hash.update(view)
        self.size += len(view)
        while view:  # an unbuffered file may take less than all
            view = view[self._out.write(view) :]
        return len(memoryview(data))

    def flush(self) -> None:
        self._out.flush()

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def write_layer(tree: FileTree, out: IO[bytes]) -> WrittenLayer:
    """Write `tree` to `out` as a tar, compressed by gzip, in the order of its paths.

    Sockets are left out, which no tar can hold. Raises SourceError when the cached layers are gone.
    """
    stored = _Hashed(out)
    with gzip.GzipFile("", "wb", _LEVEL, cast(BinaryIO, stored), mtime=0) as packed:
        plain = _Hashed(cast(BinaryIO, packed))
        _write_tar(tree, cast(BinaryIO, plain))
    return WrittenLayer(stored.digest, stored.size, plain.digest, plain.size)


def _write_tar(tree: FileTree, out: IO[bytes]) -> None:
    first_name: dict[Inode, str] = {}
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path, inode in tree.walk():
            if inode.kind not in _TYPES:
                continue
            member = _member(path, inode)
            if inode in first_name:
                member.type, member.linkname, member.size = tarfile.LNKTYPE, first_name[inode], 0
                archive.addfile(member)
            elif inode.kind is FileKind.REGULAR:
                first_name[inode] = member.name
                with tree.open(inode) as contents:
                    archive.addfile(member, contents)
            else:
                archive.addfile(member)


def _member(path: bytes, inode: Inode) -> tarfile.TarInfo:
    member = tarfile.TarInfo(os.fsdecode(path[1:]) or ".")
    member.type = _TYPES[inode.kind]
    member.mode, member.uid, member.gid = inode.mode, inode.uid, inode.gid
    member.size = inode.size if inode.kind is FileKind.REGULAR else 0
    member.linkname = os.fsdecode(inode.target) if inode.kind is FileKind.SYMLINK else ""
    member.devmajor, member.devminor = inode.rdev
    member.mtime = inode.mtime
    # What the image's own layers say in GNU and PAX headers; "SCHILY.xattr" is of star(5).
    extended = {
        f"SCHILY.xattr.{name}": value.decode("utf-8", "surrogateescape")
        for name, value in sorted(inode.xattrs.items())
    }
    if inode.mtime_nsec and inode.mtime >= 0:
        extended["mtime"] = f"{inode.mtime}.{inode.mtime_nsec:09d}"
    member.pax_headers = extended
    return member
