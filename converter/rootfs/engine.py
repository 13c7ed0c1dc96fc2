"""What an engine adds to the files of every container, for a root that the kernel does not write.

Where the root can be written the library OS makes these itself (libos/fs/vfs/mount.c, fs/overlay/etc.c); else
it gives contents, in memory, to what is there and empty.
"""

from __future__ import annotations

from converter.image.tree import FileKind, FileTree, Inode

_FOLDERS = (b"/dev", b"/proc", b"/sys")
_FILES = (b"/etc/hostname", b"/etc/hosts", b"/etc/resolv.conf")


def with_engine_files(tree: FileTree) -> FileTree:
    """`tree` with folders to mount file systems on, and empty files of /etc, where it lacks them."""
    made = {path: Inode(FileKind.DIRECTORY, 0o755) for path in _FOLDERS if path not in tree}
    etc = tree.get(b"/etc")
    if etc is None:
        made[b"/etc"] = Inode(FileKind.DIRECTORY, 0o755)
    if etc is None or etc.kind is FileKind.DIRECTORY:
        made |= {path: Inode(FileKind.REGULAR, 0o644) for path in _FILES if path not in tree}
    return tree.with_entries(made) if made else tree
