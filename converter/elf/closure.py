"""The library closure: everything the dynamic loader maps before the program's first instruction."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from converter.elf.header import ElfFile, read_elf
from converter.elf.identity import IDENTITY_SIZE, ElfIdentity, read_identity
from converter.elf.search import Loaded, LoaderSearch, search_for
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree, Inode

_PRELOAD_MAX = 1 << 16  # bytes of /etc/ld.so.preload


@dataclass(frozen=True, slots=True)
class Library:
    """One library of a closure. Paths are absolute; `path` is where the loader opens it, links unresolved."""

    name: bytes  # as it was asked for (DT_NEEDED, PT_INTERP or a preload)
    path: bytes
    real_path: bytes
    wanted_by: bytes  # path of the object that asked first
    elf: ElfFile


@dataclass(frozen=True, slots=True)
class LibraryClosure:
    """A program with its interpreter and libraries, the latter in the order in which they are loaded."""

    program: bytes  # real path
    elf: ElfFile
    interpreter: Library | None = None
    libraries: tuple[Library, ...] = ()


def elf_at(tree: FileTree, real_path: bytes, inode: Inode) -> ElfFile:
    """Read the ELF file at a path that is resolved already. Raises IncompatibleImageError."""
    with tree.open(inode) as stream:
        return read_elf(stream, inode.size, _shown(real_path))


def identity_at(tree: FileTree, inode: Inode) -> ElfIdentity | None:
    """The first bytes of a regular file as an ELF identity, None if it is something else."""
    with tree.open(inode) as stream:
        return read_identity(stream.read(IDENTITY_SIZE))


def library_closure(
    tree: FileTree, program: bytes, environment: Mapping[bytes, bytes], *, cwd: bytes = b"/"
) -> LibraryClosure:
    """Find all libraries of the ELF program at `program`, as its own loader would, inside the tree.

    `environment` is the program's: LD_LIBRARY_PATH and LD_PRELOAD count. Raises IncompatibleImageError
    if the program, its interpreter or a library is missing, corrupt or for another architecture.
    """
    found = _regular(tree, program, cwd)
    if found is None:
        raise IncompatibleImageError("there is no such file in the image", where=_shown(program))
    elf = elf_at(tree, *found)
    main = Loaded(program, found[0], elf, None)
    if elf.interpreter is None:
        return LibraryClosure(found[0], elf)
    interpreter = _load_interpreter(tree, main, elf.interpreter, cwd)
    walk = _Walk(tree, search_for(tree, interpreter, environment), interpreter, cwd)
    walk.run(main, _preloads(tree, environment))
    shown = Library(elf.interpreter, interpreter.path, interpreter.real_path, found[0], interpreter.elf)
    return LibraryClosure(found[0], elf, shown, tuple(walk.libraries))


class _Walk:
    """Breadth first, as the loaders go, so that names resolve in the order in which they really would."""

    def __init__(self, tree: FileTree, search: LoaderSearch, interpreter: Loaded, cwd: bytes) -> None:
        self._tree = tree
        self._search = search
        self._cwd = cwd
        self._machine = interpreter.elf.machine
        self._names: set[bytes] = set()
        self._real_paths = {interpreter.real_path}
        self._queue: deque[Loaded] = deque()
        self.libraries: list[Library] = []

    def run(self, main: Loaded, preloads: list[bytes]) -> None:
        for name in preloads:  # a missing one is a mere warning to the loaders
            self._add(name, main)
        self._queue.append(main)
        while self._queue:
            wanting = self._queue.popleft()
            for name in wanting.elf.needed:
                if not self._add(name, wanting):
                    raise _missing(name, wanting, self._machine)

    def _add(self, name: bytes, wanting: Loaded) -> bool:
        """Load what `name` means to `wanting` if it is not loaded yet; False: there is no such library."""
        if name in self._names or self._search.is_loader_itself(name):
            return True
        candidates = (name,) if b"/" in name else self._search.candidates(name, wanting)
        for path in candidates:
            found = _regular(self._tree, path, self._cwd)
            if found is None:
                continue
            if found[0] not in self._real_paths:
                identity = identity_at(self._tree, found[1])
                if identity is not None and (identity.machine, identity.type) != (self._machine, "DYN"):
                    continue  # the loaders pass over libraries of another architecture
                self._load(name, path, found, wanting)
            self._names.add(name)
            return True
        return False

    def _load(self, name: bytes, path: bytes, found: tuple[bytes, Inode], wanting: Loaded) -> None:
        loaded = Loaded(path, found[0], elf_at(self._tree, *found), wanting)
        self._real_paths.add(found[0])
        if loaded.elf.soname:
            self._names.add(loaded.elf.soname)
        self._queue.append(loaded)
        self.libraries.append(Library(name, path, found[0], wanting.path, loaded.elf))


def _load_interpreter(tree: FileTree, main: Loaded, name: bytes, cwd: bytes) -> Loaded:
    found = _regular(tree, name, cwd)
    if found is None:
        raise IncompatibleImageError(
            f"its interpreter {_shown(name)} is missing",
            where=_shown(main.path),
            hint=_interpreter_hint(name),
        )
    identity = identity_at(tree, found[1])
    if identity is not None and identity.machine != main.elf.machine:
        raise IncompatibleImageError(
            f"its interpreter {_shown(name)} is for {identity.machine}, the program for {main.elf.machine}",
            where=_shown(main.path),
            hint="rebuild the image for one architecture",
        )
    return Loaded(name, found[0], elf_at(tree, *found), main)


def _interpreter_hint(name: bytes) -> str:
    if b"ld-musl-" in name:
        return (
            "the program was built for musl (Alpine); add the package musl, or build the program statically"
        )
    return "add the C library that the program was built for (package libc6 or glibc), or build it statically"


def _missing(name: bytes, wanting: Loaded, machine: str) -> IncompatibleImageError:
    return IncompatibleImageError(
        f"{_shown(name)} is missing, wanted by {_shown(wanting.path)}",
        where=_shown(wanting.real_path),
        hint=f"add the package that holds it (for {machine}) to the image, or set LD_LIBRARY_PATH there",
    )


def _preloads(tree: FileTree, environment: Mapping[bytes, bytes]) -> list[bytes]:
    names = environment.get(b"LD_PRELOAD", b"").replace(b":", b" ").split()
    found = _regular(tree, b"/etc/ld.so.preload", b"/")
    if found is not None and found[1].size <= _PRELOAD_MAX:
        for line in tree.read(found[1]).splitlines():
            names += line.partition(b"#")[0].replace(b":", b" ").split()
    return names


def _regular(tree: FileTree, path: bytes, cwd: bytes) -> tuple[bytes, Inode] | None:
    found = tree.resolve(path, cwd=cwd) if path else None
    return found if found is not None and found[1].kind is FileKind.REGULAR else None


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
