"""The library closure: everything the dynamic loader maps before the program's first instruction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converter.elf.header import ElfFile
from converter.elf.linkmap import LinkMap, elf_at, identity_at, regular_file, shown
from converter.elf.search import Loaded, search_for
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree

__all__ = ["Library", "LibraryClosure", "elf_at", "identity_at", "library_closure", "link_map"]

_PRELOAD_MAX = 1 << 16  # bytes of /etc/ld.so.preload


@dataclass(frozen=True, slots=True)
class Library:
    """One library of a closure. Paths are absolute; `path` is where the loader opens it, links unresolved."""

    name: bytes  # as it was asked for (DT_NEEDED, PT_INTERP or a preload)
    path: bytes
    real_path: bytes
    wanted_by: bytes  # path of the object that asked first
    elf: ElfFile
    variant: bool = False  # for some processors only (glibc-hwcaps); the baseline comes right before it


@dataclass(frozen=True, slots=True)
class LibraryClosure:
    """A program with its interpreter and libraries, the latter in the order in which they are loaded."""

    program: bytes  # real path
    elf: ElfFile
    interpreter: Library | None = None
    libraries: tuple[Library, ...] = ()


def library_closure(
    tree: FileTree, program: bytes, environment: Mapping[bytes, bytes], *, cwd: bytes = b"/"
) -> LibraryClosure:
    """Find all libraries of the ELF program at `program`, as its own loader would, inside the tree.

    `environment` is the program's: LD_LIBRARY_PATH and LD_PRELOAD count. Raises IncompatibleImageError
    if the program, its interpreter or a library is missing, corrupt or for another architecture, or lacks
    a symbol version that is needed of it.
    """
    main = _program(tree, program, cwd)
    if main.elf.interpreter is None:
        return LibraryClosure(main.real_path, main.elf)
    links = _started(tree, main, main.elf.interpreter, environment, cwd)
    libraries = tuple(library_of(each) for each in links.objects)
    return LibraryClosure(main.real_path, main.elf, library_of(links.interpreter), libraries)


def link_map(
    tree: FileTree, program: bytes, environment: Mapping[bytes, bytes], *, cwd: bytes = b"/"
) -> LinkMap | None:
    """The same as a list that dlopen can add to; None for a program without an interpreter."""
    main = _program(tree, program, cwd)
    if main.elf.interpreter is None:
        return None
    return _started(tree, main, main.elf.interpreter, environment, cwd)


def library_of(loaded: Loaded) -> Library:
    """The public view of an object that another one asked for."""
    wanting = loaded.wanted_by
    if wanting is None:
        raise ValueError("the program itself is no library")
    return Library(loaded.name, loaded.path, loaded.real_path, wanting.path, loaded.elf, loaded.variant)


def _program(tree: FileTree, program: bytes, cwd: bytes) -> Loaded:
    found = regular_file(tree, program, cwd)
    if found is None:
        raise IncompatibleImageError("there is no such file in the image", where=shown(program))
    return Loaded(program, found[0], elf_at(tree, *found), None, program)


def _started(
    tree: FileTree, main: Loaded, interpreter: bytes, environment: Mapping[bytes, bytes], cwd: bytes
) -> LinkMap:
    loader = _load_interpreter(tree, main, interpreter, cwd)
    links = LinkMap(tree, search_for(tree, loader, environment), main, loader, cwd)
    links.start(_preloads(tree, environment))
    return links


def _load_interpreter(tree: FileTree, main: Loaded, name: bytes, cwd: bytes) -> Loaded:
    found = regular_file(tree, name, cwd)
    if found is None:
        raise IncompatibleImageError(
            f"its interpreter {shown(name)} is missing",
            where=shown(main.path),
            hint=_interpreter_hint(name),
        )
    identity = identity_at(tree, found[1])
    if identity is not None and identity.machine != main.elf.machine:
        raise IncompatibleImageError(
            f"its interpreter {shown(name)} is for {identity.machine}, the program for {main.elf.machine}",
            where=shown(main.path),
            hint="rebuild the image for one architecture",
        )
    return Loaded(name, found[0], elf_at(tree, *found), main, name)


def _interpreter_hint(name: bytes) -> str:
    if b"ld-musl-" in name:
        return (
            "the program was built for musl (Alpine); add the package musl, or build the program statically"
        )
    return "add the C library that the program was built for (package libc6 or glibc), or build it statically"


def _preloads(tree: FileTree, environment: Mapping[bytes, bytes]) -> list[bytes]:
    names = environment.get(b"LD_PRELOAD", b"").replace(b":", b" ").split()
    found = regular_file(tree, b"/etc/ld.so.preload", b"/")
    if found is not None and found[1].size <= _PRELOAD_MAX:
        for line in tree.read(found[1]).splitlines():
            names += line.partition(b"#")[0].replace(b":", b" ").split()
    return names
