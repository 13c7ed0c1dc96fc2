"""An image's tree in a folder of the host, for the sandbox: written so that a hostile tree stays inside.

Names are canonical by construction (image/tree.py). Every file is made new (O_EXCL, O_NOFOLLOW) below a
folder that nobody else can enter, and symbolic links are made last of all: while anything is written there is
no link that could be followed. Devices are left out, sockets too; set-user-id bits are dropped.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from converter.errors import IncompatibleImageError, RunError
from converter.image.tree import FileKind, FileTree, Inode

_CHUNK = 1 << 20
MOUNTED = (b"/proc", b"/dev", b"/sys")  # the sandbox puts its own there, so these have to be folders
_HOSTS = b"/etc/hosts"
_HOSTS_TEXT = (
    b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"  # as container engines write it
)
_ROOM = 1 << 28  # bytes that have to stay free on the disk


@dataclass(frozen=True, slots=True)
class Owners:
    """Ids of the image to ids of the host: `first` + id for each below `count`. None: all are ours."""

    first: int
    count: int

    def of(self, number: int) -> int:
        """The host's id; ids that no user namespace was given belong to nobody (65534)."""
        return self.first + (number if number < self.count else 65534)


def unpack(tree: FileTree, root: Path, owners: Owners | None) -> None:
    """Write `tree` into the existing, empty folder `root`.

    Errors: RunError when the disk has no room, IncompatibleImageError for what no Linux file system can hold.
    """
    _check_room(tree, root)
    first_path: dict[Inode, bytes] = {}
    links: list[tuple[bytes, Inode]] = []
    folders: list[tuple[bytes, Inode]] = []
    try:
        for path, inode in tree.walk():
            under = any(path.startswith(mounted + b"/") for mounted in MOUNTED)
            if under or inode.kind in (FileKind.CHARACTER, FileKind.BLOCK, FileKind.SOCKET):
                continue
            at = os.fsencode(root) + path
            if path in MOUNTED or inode.kind is FileKind.DIRECTORY:
                if path != b"/":
                    os.mkdir(at, 0o700)  # noqa: PTH102
                folders.append((at, inode))
            elif inode.kind is FileKind.SYMLINK:
                links.append((at, inode))
            elif inode in first_path:
                os.link(first_path[inode], at, follow_symlinks=False)
            else:
                _write(tree, inode, at, owners)
                first_path[inode] = at
        _write_hosts(tree, os.fsencode(root))
        for at, inode in links:
            os.symlink(inode.target, at)  # noqa: PTH211
            if owners is not None:
                os.lchown(at, owners.of(inode.uid), owners.of(inode.gid))
        for at, inode in reversed(folders):  # from the deepest up: a folder may get unwritable
            mode = inode.mode if inode.kind is FileKind.DIRECTORY else 0o755
            _finish(at, inode, mode & 0o3777, owners)
    except OSError as error:
        raise IncompatibleImageError(
            f"the image's tree cannot be laid out on this host: {error.strerror}",
            where=os.fsdecode(error.filename or root),
            hint="set TMPDIR to a folder on another disk, or convert without --trace",
        ) from error


def _check_room(tree: FileTree, root: Path) -> None:
    inodes = {inode for _, inode in tree.walk() if inode.kind is FileKind.REGULAR}
    needed = sum(span.length for inode in inodes for span in inode.spans) + 4096 * len(tree)
    free = shutil.disk_usage(root).free
    if needed + _ROOM > free:
        raise RunError(
            f"the image's tree takes {needed >> 20} MiB, {free >> 20} MiB are free",
            where=str(root),
            hint="set TMPDIR to a folder on a larger disk",
        )


def _write(tree: FileTree, inode: Inode, at: bytes, owners: Owners | None) -> None:
    if inode.kind is FileKind.FIFO:
        os.mkfifo(at, 0o600)
    else:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        out = os.open(at, flags, 0o600)
        try:
            os.ftruncate(out, inode.size)  # what no span covers stays a hole
            with tree.open(inode) as stream:
                for span in inode.spans:
                    stream.seek(span.at)
                    _copy(stream.read, out, span.at, span.length)
        finally:
            os.close(out)
    _finish(at, inode, inode.mode & 0o777, owners)
    os.utime(at, ns=((seconds := inode.mtime * 10**9 + inode.mtime_nsec), seconds))


def _copy(read: object, out: int, at: int, left: int) -> None:
    while left > 0:
        data = read(min(left, _CHUNK))  # type: ignore[operator]
        if not data:
            break
        os.pwrite(out, data, at)
        at, left = at + len(data), left - len(data)


def _write_hosts(tree: FileTree, root: bytes) -> None:
    """/etc/hosts, if the image has none or an empty one."""
    there, folder = tree.get(_HOSTS), tree.get(b"/etc")
    if folder is None or folder.kind is not FileKind.DIRECTORY:
        return
    if there is not None and (there.kind is not FileKind.REGULAR or there.size):
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    out = os.open(root + _HOSTS, flags, 0o644)
    try:
        os.write(out, _HOSTS_TEXT)
    finally:
        os.close(out)


def _finish(at: bytes, inode: Inode, mode: int, owners: Owners | None) -> None:
    if owners is not None:
        os.chown(at, owners.of(inode.uid), owners.of(inode.gid), follow_symlinks=False)
    elif not stat.S_ISDIR(inode.kind.value):
        mode |= 0o400  # we are its owner now, and the program may be somebody who could read it
    os.chmod(at, mode)  # noqa: PTH101 - not a link: those are made later, and nobody else can make one
