"""What an engine adds to the files of every container, for a root that the kernel does not write.

The library OS makes these itself where the root can be written (libos/fs/vfs/mount.c, fs/writable/etc.c).
"""

from __future__ import annotations

from converter.image.tree import FileKind, FileTree, Inode, Span

HOSTNAME = b"u2k"  # as libos/core/boot.c has it where nobody names another
_FOLDERS = (b"/dev", b"/proc", b"/sys")
_FILES = {
    b"/etc/hostname": HOSTNAME + b"\n",
    b"/etc/hosts": b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t"
    + HOSTNAME
    + b"\n",
    b"/etc/resolv.conf": b"",
}


def with_engine_files(tree: FileTree) -> FileTree:
    """`tree` with the folders that file systems are mounted on, and files of /etc where it has none that says
    something.
    """
    made = {path: Inode(FileKind.DIRECTORY, 0o755) for path in _FOLDERS if path not in tree}
    etc = tree.get(b"/etc")
    if etc is None:
        made[b"/etc"] = Inode(FileKind.DIRECTORY, 0o755)
    if etc is None or etc.kind is FileKind.DIRECTORY:
        for path, text in _FILES.items():
            there = tree.get(path)
            if there is None or (there.kind is FileKind.REGULAR and not there.size and text):
                spans = (Span(0, len(text), data=text),) if text else ()
                made[path] = Inode(FileKind.REGULAR, 0o644, size=len(text), spans=spans)
    return tree.with_entries(made) if made else tree
