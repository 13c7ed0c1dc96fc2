"""What an opened path can be that the analysis could not follow: one that some text of the image holds.

A path comes from the program's texts, from its arguments and environment, from files that it reads, or from
outside. The first three can be searched for the names of the virtual file systems. What comes from outside,
or is put together letter by letter, cannot be foretold: a unikernel without the file system says so when it
is wanted.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from converter.analyze.libraries.model import RuntimeLibraries
from converter.analyze.packages.database import read_packages
from converter.analyze.program import Program
from converter.analyze.virtual_paths import some_of_each, virtual_paths
from converter.elf.closure import LibraryClosure
from converter.elf.linkmap import regular_file
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree
from converter.profile.model import ELSEWHERE, Entries, Evidence, Evidences

_DATA = Path(__file__).resolve().parent / "data" / "formatted_paths.toml"
_OPENED, _CHOICES, _ANY = "open.path", ("open.path", "execve.path"), "*"
# What the C library opens by itself is followed, or is in data/formatted_paths.toml.
_LIBC = re.compile(rb"(?:libc\.so\.6|libc-[0-9.]+\.so|ld-linux-.*|ld-musl-.*|libc\.musl-.*)")
_DATABASES = (
    b"/var/lib/dpkg/",
    b"/var/lib/apt/",
    b"/var/cache/",
    b"/lib/apk/",
    b"/var/lib/rpm/",
    b"/var/log/",
)
# Home folders and shells, which are no paths that a program opens.
_ACCOUNTS = frozenset({b"/etc/passwd", b"/etc/passwd-", b"/etc/shadow", b"/etc/shadow-"})
_OBJECT_MAX = 256 << 20  # bytes
_FILE_MAX = 1 << 20  # bytes of a file that can hold a path that a program reads
_FILES_MAX = 32 << 20  # bytes of all of these; beyond that nothing is told apart


def told_apart(
    arguments: Mapping[str, Entries],
    tree: FileTree,
    program: Program,
    libraries: LibraryClosure,
    runtime: RuntimeLibraries,
) -> dict[str, Entries]:
    """`arguments` with the unknown path `*` replaced by ELSEWHERE and by what is named anywhere.

    It stays where code is open (an interpreter may make any path), or where there is too much to search.
    """
    known = dict(arguments)
    unknown = [choice for choice in _CHOICES if _ANY in known.get(choice, {})]
    if not unknown or runtime.open or runtime.calls.open:
        return known
    named = _named(tree, program, libraries, runtime)
    if named is None:
        return known
    for choice in unknown:
        told = {ELSEWHERE if path == _ANY else path: why for path, why in known[choice].items()}
        known[choice] = dict(sorted(told.items()))
    known[_OPENED] = dict(sorted((named | dict(known.get(_OPENED, {}))).items()))
    return known


def _named(
    tree: FileTree, program: Program, libraries: LibraryClosure, runtime: RuntimeLibraries
) -> dict[str, Evidences] | None:
    found: dict[str, Evidences] = {}

    def add(paths: Iterable[bytes], where: str, what: str) -> None:
        for path in some_of_each(paths):
            found.setdefault(os.fsdecode(path), (Evidence("static", where, what),))

    main = program.executable.loaded_real_path
    words = (*program.argv, *program.environment.values(), program.cwd)
    add(_texts(b"\0".join(words)), os.fsdecode(main), "its arguments and environment name the path")
    closure = (each.real_path for each in libraries.libraries)
    objects = dict.fromkeys((main, *closure, *(each.path for each in runtime.objects)))
    for path in objects:
        if _LIBC.fullmatch(path.rpartition(b"/")[2]):
            continue
        if (read := runtime.calls.texts.get(os.fsdecode(path))) is not None:
            add(read, os.fsdecode(path), "code that can run refers to the path")
            continue
        contents = _contents(tree, path)
        if contents is None:
            return None
        add(_texts(contents), os.fsdecode(path), "it holds the path as a text")
    for name, made in _formatted_paths():
        for source in runtime.calls.called.get(name, ()):
            found.setdefault(made, (Evidence("static", source, f"refers to {name}, which makes the path"),))
    files = _author_files(tree)
    if files is None:
        return None
    for path, contents in files:
        add(_texts(contents), os.fsdecode(path), "the file names the path")
    return found


@cache
def _formatted_paths() -> tuple[tuple[str, str], ...]:
    """Functions of the C library, and the paths that they make."""
    with _DATA.open("rb") as file:
        rows = tomllib.load(file)["path"]
    return tuple((name, row["path"]) for row in rows for name in row["functions"])


def _contents(tree: FileTree, path: bytes) -> bytes | None:
    try:
        found = regular_file(tree, path, b"/")
    except IncompatibleImageError:
        return None
    if found is None or found[1].size > _OBJECT_MAX:
        return None
    return tree.read(found[1], _OBJECT_MAX)


def _author_files(tree: FileTree) -> list[tuple[bytes, bytes]] | None:
    """Paths and contents of what no package owns; None if that is too much to search."""
    owners = read_packages(tree).owners
    chosen, size = [], 0
    for path in tree:
        inode = tree[path]
        if inode.kind is not FileKind.REGULAR or path in owners:
            continue
        if path in _ACCOUNTS or path.startswith(_DATABASES):
            continue
        if inode.size <= _FILE_MAX:
            chosen.append((path, inode))
            size += inode.size
        if size > _FILES_MAX:
            return None
    read = ((path, tree.read(inode)) for path, inode in chosen)
    return [(path, contents) for path, contents in read if not contents.startswith(b"\x7fELF")]


def _texts(contents: bytes) -> Iterator[bytes]:
    return (path for _, path in virtual_paths(contents))
