"""What a root cannot do without: the program's closure, what the profile names, folders that docker makes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from converter.analyze.program import Program
from converter.elf.closure import LibraryClosure, library_closure
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree
from converter.profile.model import Profile
from converter.rootfs.shell_words import named_programs

_DLOPEN = "dlopen"  # how Unresolved.what begins for a library name that could not be told


@dataclass(frozen=True, slots=True)
class Needs:
    """What is needed, and how sure that is.

    paths:    path (any name of it in the tree) -> why; a folder stands for itself, not for what is in it
    seen:     those of `paths` that a run touched, or that are needed before it begins
    folders:  must be there even when empty
    trees:    canonical paths of folders that are needed with all that is below
    executes: it may start other programs, by names that could not be told
    loads:    it may load libraries by names that could not be told
    """

    paths: Mapping[bytes, str] = field(default_factory=dict)
    seen: frozenset[bytes] = frozenset()
    folders: tuple[bytes, ...] = ()
    trees: tuple[bytes, ...] = ()
    executes: bool = True
    loads: bool = True


def needs_of(
    tree: FileTree, program: Program, libraries: LibraryClosure, profile: Profile | None = None
) -> Needs:
    """What `program` needs of `tree`. Without a profile it may execute and load anything."""
    found = program.executable
    paths = {found.path: "the program", found.loaded: "the program"}
    paths |= _closure(libraries, "the program")
    for script in found.scripts:
        paths |= {script.path: "the program", script.interpreter: "interpreter of the program"}
    seen = set(paths)
    for argument in program.argv[1:]:
        path = _absolute(argument, program.cwd)
        if b"\0" not in path and len(path) < 4096 and path.strip(b"/"):
            paths.setdefault(path, "named by an argument")
            seen.add(path)
    for path, why in named_programs(tree, program).items():
        paths.setdefault(path, why)
    executes = loads = profile is None
    if profile is not None:
        for name, reasons in (*profile.libraries.items(), *profile.files.items()):
            path = os.fsencode(name)
            paths.setdefault(
                path, f"{reasons[0].source} {reasons[0].detail}".strip() if reasons else "profile"
            )
            if any(reason.kind in ("dynamic", "user", "learned") for reason in reasons):
                seen.add(path)
        executes = bool({"execve", "execveat"} & profile.syscalls.keys())
        loads = bool(profile.open) or any(each.what.startswith(_DLOPEN) for each in profile.unresolved)
    folders = (program.cwd, program.user.home, *program.volumes)
    trees = _locales(tree, program.environment)
    return Needs(paths, frozenset(seen), folders, trees, executes, loads)


def _locales(tree: FileTree, environment: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """The locales that the environment names, as glibc looks for them: with the codeset as written and in
    lower case without punctuation (setlocale(3); glibc manual, 7.3 "Locale Names")."""
    found = set()
    for name, value in environment.items():
        if name != b"LANG" and not name.startswith(b"LC_"):
            continue
        locale, dot, codeset = value.partition(b".")
        plain = bytes(byte for byte in codeset.lower() if chr(byte).isalnum())
        for spelling in (value, locale + dot + plain, locale):
            path = b"/usr/lib/locale/" + spelling
            if spelling and b"/" not in spelling and path in tree:
                found.add(path)
    return tuple(sorted(found))


def kept_closures(
    tree: FileTree, paths: Iterable[bytes], environment: Mapping[bytes, bytes]
) -> dict[bytes, str]:
    """What programs and scripts among `paths` need in turn: interpreters and libraries, as far as they are
    there.
    """
    found: dict[bytes, str] = {}
    todo, done = list(paths), set[bytes]()
    while todo:
        path = todo.pop()
        end = tree.find(path)
        if end is None or end[0] in done or end[1].kind is not FileKind.REGULAR or not end[1].mode & 0o111:
            continue
        done.add(end[0])
        with tree.open(end[1]) as stream:
            head = stream.read(256)
        whose = end[0].decode("utf-8", "backslashreplace")
        if head.startswith(b"#!") and (interpreter := head[2:].split(b"\n", 1)[0].split()[:1]):
            found.setdefault(interpreter[0], f"interpreter of {whose}")
            todo += interpreter
        elif head.startswith(b"\x7fELF"):
            with contextlib.suppress(IncompatibleImageError):  # it could not start in the container either
                found |= _closure(library_closure(tree, end[0], environment), whose)
    return found


def _closure(libraries: LibraryClosure, whose: str) -> dict[bytes, str]:
    found = {}
    if libraries.interpreter is not None:
        found[libraries.interpreter.path] = f"loader of {whose}"
    for library in libraries.libraries:
        found[library.path] = f"library wanted by {library.wanted_by.decode('utf-8', 'backslashreplace')}"
    return found


def _absolute(path: bytes, cwd: bytes) -> bytes:
    return path if path.startswith(b"/") else cwd.rstrip(b"/") + b"/" + path
