"""Records of a trace as a profile: the entries that a program was seen to use, evidence `dynamic`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from converter import __version__
from converter.analyze.executable import find_executable
from converter.elf.closure import elf_at
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree
from converter.profile.model import Entries, Evidence, Profile, Subject
from converter.trace.model import Ran, Started
from converter.trace.record import Record

SOURCE = "trace"


def started(record: Record) -> Started | None:
    """The execve of a record; None if strace could not read its strings."""
    if record.argv is None or record.env is None:
        return None
    return Started(record.executable, record.argv, record.env, record.cwd, record.user, record.umask)


def profile_of(record: Record, subject: Subject, tree: FileTree | None) -> Profile:
    """What `record`'s program used, as a profile of `subject` with the program's own facts in it.

    Without `tree` the files that execve(2) reads are not known but for the first.
    """
    shown = _name(record.executable)
    arguments: dict[str, dict[str, str]] = {}
    for (choice, value), how in record.arguments.items():
        arguments.setdefault(choice, {})[value] = how
    libraries = dict(record.libraries)
    files = dict(record.files)
    if tree is None:
        files.setdefault(record.executable, "executed")
    else:
        for path in _loaded(tree, record):
            files.setdefault(path, "executed")
            libraries.pop(path, None)  # a program that maps its own file once more (Node.js)
        for path in _interpreter(tree, record):
            libraries.setdefault(path, "the program's loader")
    return Profile(
        subject=_subject(record, subject, tree),
        tool_version=__version__,
        syscalls=_entries(record.calls, shown),
        arguments={choice: _entries(values, shown) for choice, values in sorted(arguments.items())},
        libraries=_entries({os.fsdecode(path): how for path, how in libraries.items()}, shown),
        files=_entries({os.fsdecode(path): how for path, how in {**files, **libraries}.items()}, shown),
        sockets=_entries(record.sockets, shown),
    )


def ran(record: Record, times: int) -> Ran:
    """A program that ran beside it."""
    return Ran(record.executable, record.by or b"", times, _entries(record.calls, _name(record.executable)))


def _subject(record: Record, subject: Subject, tree: FileTree | None) -> Subject:
    if record.argv is None or record.env is None:
        return subject
    loaded = _loaded(tree, record) if tree is not None else ()
    return replace(
        subject,
        # As static analysis has it: the file that is loaded, whatever link or script was named.
        path=os.fsdecode(loaded[-1] if loaded else record.executable),
        argv=tuple(map(os.fsdecode, record.argv)),
        env=tuple(map(os.fsdecode, record.env)),
        cwd=os.fsdecode(record.cwd),
        user=(record.user.uid, record.user.gid, *record.user.groups),
    )


def _entries(seen: Mapping[str, str], program: str) -> Entries:
    """Sorted; the order of first sight differs from run to run."""
    return {
        name: (Evidence("dynamic", SOURCE, f"{program}: {how}" if how else program),)
        for name, how in sorted(seen.items())
    }


def _name(path: bytes) -> str:
    return path.rpartition(b"/")[2].decode("utf-8", "backslashreplace")


def _loaded(tree: FileTree, record: Record) -> tuple[bytes, ...]:
    """The files that execve(2) itself reads: scripts, their interpreters, the ELF file."""
    try:
        found = find_executable(tree, record.executable, record.cwd, record.user)
    except IncompatibleImageError:  # it was made by the script, or is a descriptor's path: not in the image
        return ()
    return (found.real_path, found.loaded_real_path)


def _interpreter(tree: FileTree, record: Record) -> tuple[bytes, ...]:
    """The dynamic loader, which the kernel maps without a call that could be seen."""
    try:
        found = find_executable(tree, record.executable, record.cwd, record.user)
        interpreter = elf_at(tree, found.loaded_real_path, found.inode).interpreter
    except IncompatibleImageError:
        return ()
    resolved = tree.resolve(interpreter) if interpreter else None
    return (resolved[0],) if resolved else ()
