"""What was odd in a trace, or could not be had, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from converter.image.tree import FileKind, FileTree
from converter.trace.record import LIMIT, Record
from converter.trace.watch import Watcher

_SHOWN = 5
_SET_UID, _SET_GID, _GROUP_EXECUTES = 0o4000, 0o2000, 0o010


def notes(watcher: Watcher, last: Record) -> Iterator[str]:
    """Of a finished run, whose program `last` is."""
    if last.argv is None or last.env is None:
        yield "the program's arguments were too long to be read"
    if last.left_out:
        yield f"{last.left_out} files beyond the first {LIMIT} were not kept"
    if watcher.init is not None:
        yield f"{_name(watcher.init.executable)} starts the program and waits for it"
    if watcher.foreign:
        yield f"it made 32-bit system calls, which no unikernel has: {_some(sorted(watcher.foreign))}"
    if "ptrace" in last.calls:
        yield "ptrace(2) fails for it, because strace traces it already: it may have done less than it would"
    records = (*watcher.before, last, *watcher.others.values())
    if found := sorted({_name(each.executable) for each in records if _changes_user(watcher.tree, each)}):
        yield f"it ran as who started it, set-user-ID bits do not count in the sandbox: {_some(found)}"


def _changes_user(tree: FileTree, record: Record) -> bool:
    """Whether execve(2) would have given it another user or group."""
    found = tree.resolve(record.executable)
    if found is None or found[1].kind is not FileKind.REGULAR:
        return False
    inode = found[1]
    if inode.mode & _SET_UID and inode.uid != record.user.uid:
        return True
    return inode.mode & (_SET_GID | _GROUP_EXECUTES) == _SET_GID | _GROUP_EXECUTES and (
        inode.gid != record.user.gid
    )


def _name(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
