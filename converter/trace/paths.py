"""Which arguments of a system call are paths, and what is done with the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from converter.image.tree import FileKind, FileTree


@dataclass(frozen=True, slots=True)
class PathArgument:
    """A path stands at `index`; relative ones start at the descriptor at `folder` (None: the working folder).

    follow:  a symbolic link at the end is followed
    changes: the call makes, changes or removes the file
    """

    index: int
    folder: int | None = None
    follow: bool = True
    changes: bool = False


_READ = PathArgument(0)
_READ_LINK = PathArgument(0, follow=False)
_READ_AT = PathArgument(1, folder=0)
_CHANGE = PathArgument(0, changes=True)
_CHANGE_LINK = PathArgument(0, follow=False, changes=True)
_CHANGE_AT = PathArgument(1, folder=0, changes=True)
_CHANGE_LINK_AT = PathArgument(1, folder=0, follow=False, changes=True)

PATH_ARGUMENTS: dict[str, tuple[PathArgument, ...]] = {
    **dict.fromkeys(
        ("open", "stat", "access", "chdir", "execve", "statfs", "getxattr", "listxattr"), (_READ,)
    ),
    **dict.fromkeys(("lstat", "readlink", "lgetxattr", "llistxattr"), (_READ_LINK,)),
    **dict.fromkeys(("openat", "openat2", "newfstatat", "statx", "faccessat", "faccessat2"), (_READ_AT,)),
    **dict.fromkeys(("execveat", "inotify_add_watch", "name_to_handle_at"), (_READ_AT,)),
    "readlinkat": (PathArgument(1, folder=0, follow=False),),
    **dict.fromkeys(("creat", "chmod", "chown", "truncate", "utime", "utimes", "setxattr"), (_CHANGE,)),
    **dict.fromkeys(("lchown", "mkdir", "rmdir", "unlink", "mknod", "lsetxattr"), (_CHANGE_LINK,)),
    **dict.fromkeys(("fchmodat", "fchmodat2", "fchownat", "utimensat", "futimesat"), (_CHANGE_AT,)),
    **dict.fromkeys(("mkdirat", "unlinkat", "mknodat"), (_CHANGE_LINK_AT,)),
    "symlink": (PathArgument(1, follow=False, changes=True),),
    "symlinkat": (PathArgument(2, folder=1, follow=False, changes=True),),
    "rename": (_CHANGE_LINK, PathArgument(1, follow=False, changes=True)),
    "link": (_READ_LINK, PathArgument(1, follow=False, changes=True)),
    **dict.fromkeys(
        ("renameat", "renameat2"),
        (_CHANGE_LINK_AT, PathArgument(3, folder=2, follow=False, changes=True)),
    ),
    "linkat": (
        PathArgument(1, folder=0, follow=False),
        PathArgument(3, folder=2, follow=False, changes=True),
    ),
}
OPENING = frozenset({"open", "openat", "openat2", "creat"})
# Calls on an open file that change what stat(2) shows of it.
CHANGING_OPEN_FILE = frozenset({"fchmod", "fchown", "ftruncate", "fallocate"})
_WRITING_FLAGS = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC")


def opens_to_write(name: str, flags: str) -> bool:
    return name == "creat" or any(flag in flags for flag in _WRITING_FLAGS)


def absolute(path: bytes, folder: bytes) -> bytes:
    """`path` as seen from `folder`, in one piece; `.` and `..` stay for whoever follows links."""
    return path if path.startswith(b"/") else folder.rstrip(b"/") + b"/" + path


def touched(tree: FileTree, path: bytes, *, follow: bool = True) -> Iterator[bytes]:
    """The canonical path that `path` names in the image, and of each symbolic link on the way to it.

    A link is needed as much as what it names. Nothing is given for what the image does not have.
    """
    todo, at, steps = [*reversed(path.split(b"/"))], b"", 0
    while todo:
        name = todo.pop()
        if name in (b"", b"."):
            continue
        if name == b"..":
            at = at.rpartition(b"/")[0]
            continue
        here = at + b"/" + name
        inode = tree.get(here)
        if inode is None:
            return
        if inode.kind is FileKind.SYMLINK and (follow or any(todo)):
            steps += 1
            if steps > 40:  # path_resolution(7)
                return
            yield here
            at = b"" if inode.target.startswith(b"/") else at
            todo.extend(reversed(inode.target.split(b"/")))
        else:
            at = here
    yield at or b"/"
