"""Which arguments of a system call are paths, and what is done with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from converter.image.tree import FileKind, FileTree


@dataclass(frozen=True, slots=True)
class PathArgument:
    """A path stands at `index`; relative ones start at the descriptor at `folder` (None: the working folder).

    follow: a symbolic link at the end is followed
    """

    index: int
    folder: int | None = None
    follow: bool = True


_PATH = PathArgument(0)
_LINK = PathArgument(0, follow=False)
_PATH_AT = PathArgument(1, folder=0)
_LINK_AT = PathArgument(1, folder=0, follow=False)

PATH_ARGUMENTS: dict[str, tuple[PathArgument, ...]] = {
    **dict.fromkeys(
        ("open", "stat", "access", "chdir", "execve", "statfs", "getxattr", "listxattr"), (_PATH,)
    ),
    **dict.fromkeys(("lstat", "readlink", "lgetxattr", "llistxattr"), (_LINK,)),
    **dict.fromkeys(("openat", "openat2", "newfstatat", "statx", "faccessat", "faccessat2"), (_PATH_AT,)),
    **dict.fromkeys(("execveat", "inotify_add_watch", "name_to_handle_at"), (_PATH_AT,)),
    **dict.fromkeys(("creat", "chmod", "chown", "truncate", "utime", "utimes", "setxattr"), (_PATH,)),
    **dict.fromkeys(("lchown", "mkdir", "rmdir", "unlink", "mknod", "lsetxattr"), (_LINK,)),
    **dict.fromkeys(("fchmodat", "fchmodat2", "fchownat", "utimensat", "futimesat"), (_PATH_AT,)),
    **dict.fromkeys(("mkdirat", "unlinkat", "mknodat"), (_LINK_AT,)),
    "symlink": (PathArgument(1, follow=False),),
    "symlinkat": (PathArgument(2, folder=1, follow=False),),
    "rename": (_LINK, PathArgument(1, follow=False)),
    "link": (_LINK, PathArgument(1, follow=False)),
    **dict.fromkeys(
        ("renameat", "renameat2"),
        (_LINK_AT, PathArgument(3, folder=2, follow=False)),
    ),
    "linkat": (
        PathArgument(1, folder=0, follow=False),
        PathArgument(3, folder=2, follow=False),
    ),
}
OPENING = frozenset({"open", "openat", "openat2", "creat"})
_VIRTUAL = (b"/proc/", b"/sys/", b"/dev/")
_PROCESS = re.compile(rb"^/proc/[0-9]+(?=/|$)")
_THREAD = re.compile(rb"^/proc/self/task/[0-9]+(?=/|$)")
_ITSELF = re.compile(rb"/proc/(?:self|thread-self|[0-9]+)/exe")
_WRITING = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC|TMPFILE)\b")


def opens_for_writing(name: str, arguments: list[str]) -> bool:
    """Whether a call of OPENING, as strace has it, may change the file or make one."""
    return name == "creat" or any(_WRITING.search(each) for each in arguments if not each.startswith('"'))


def absolute(path: bytes, folder: bytes) -> bytes:
    """`path` as seen from `folder`, in one piece; `.` and `..` stay for whoever follows links."""
    return path if path.startswith(b"/") else folder.rstrip(b"/") + b"/" + path


def virtual(path: bytes) -> bytes | None:
    """A path of a file system that is made, with numbers that differ from run to run taken out of it.

    `/proc/self` for a process, `%u` for a thread as static analysis has it. None for another path.
    """
    if not (path + b"/").startswith(_VIRTUAL):
        return None
    return _THREAD.sub(b"/proc/self/task/%u", _PROCESS.sub(b"/proc/self", path))


def is_itself(path: bytes) -> bool:
    """Whether it is the link to the executable of the process that names it (proc(5))."""
    return _ITSELF.fullmatch(path) is not None


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
