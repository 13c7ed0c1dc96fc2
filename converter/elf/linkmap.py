"""The dynamic loader's list of objects, grown as the loader grows it: at start, and by each dlopen.

glibc: elf/dl-load.c (_dl_map_object), elf/dl-deps.c; musl: ldso/dynlink.c (load_library).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from converter.elf.header import ElfFile, read_elf
from converter.elf.identity import IDENTITY_SIZE, ElfIdentity, read_identity
from converter.elf.search import Candidate, Loaded, LoaderSearch
from converter.elf.versions import check_versions
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree, Inode


class MissingLibraryError(IncompatibleImageError):
    """A library that is needed is not where the loader looks for it.

    name: as it was asked for; wanted_by: path of the object that asks
    """

    def __init__(self, name: bytes, wanting: Loaded) -> None:
        super().__init__(
            f"{shown(name)} is missing, wanted by {shown(wanting.path)}",
            where=shown(wanting.real_path),
            hint=f"add the package that holds it (for {wanting.elf.machine}), or set LD_LIBRARY_PATH there",
        )
        self.name = name
        self.wanted_by = wanting.real_path


class LinkMap:
    """What is mapped beside the program and its loader, in the order in which names are resolved.

    Breadth first, as the loaders go, so that each name means here what it will mean there.
    """

    def __init__(
        self, tree: FileTree, search: LoaderSearch, main: Loaded, interpreter: Loaded, cwd: bytes
    ) -> None:
        """Relative names count from `cwd`, the program's working directory."""
        self.main = main
        self.interpreter = interpreter
        self.objects: list[Loaded] = []
        self._tree = tree
        self._search = search
        self._cwd = cwd
        self._by_name: dict[bytes, Loaded] = {}
        self._by_path = {main.real_path: main, interpreter.real_path: interpreter}

    def start(self, preloads: Iterable[bytes]) -> None:
        """Map what the program needs before its first instruction. Raises IncompatibleImageError."""
        todo: deque[Loaded] = deque()
        for name in preloads:  # a missing one is a mere warning to the loaders
            todo += self._find(name, self.main) or ()
        todo.appendleft(self.main)
        self._close(todo)
        self._check([self.main, self.interpreter, *self.objects])

    def open(self, name: bytes, caller: Loaded | None = None) -> tuple[Loaded, ...]:
        """dlopen(3): map `name`, a path or a name to search for, and all that it needs in turn.

        Returns what was not there before, in load order. Raises IncompatibleImageError as `start` does; then
        nothing is mapped, as after a dlopen that fails.
        """
        if self.named(name) is not None:
            return ()
        before = len(self.objects)
        wanting = caller or self.main
        try:
            found = self._find(name, wanting)
            if found is None:
                raise MissingLibraryError(name, wanting)
            self._close(deque(found))
            fresh = self.objects[before:]
            self._check(fresh)
        except IncompatibleImageError:
            gone = {each.real_path for each in self.objects[before:]}
            del self.objects[before:]
            self._by_path = {path: each for path, each in self._by_path.items() if path not in gone}
            self._by_name = {name: each for name, each in self._by_name.items() if each.real_path not in gone}
            raise
        return tuple(fresh)

    def named(self, name: bytes) -> Loaded | None:
        """The object that answers to `name`, if one is mapped."""
        return self.interpreter if self._search.is_loader_itself(name) else self._by_name.get(name)

    def _close(self, todo: deque[Loaded]) -> None:
        while todo:
            wanting = todo.popleft()
            dynamic = wanting.elf.dynamic
            if dynamic is None:
                continue
            for name in dynamic.auxiliaries:
                todo += self._find(self._search.expanded(name, wanting), wanting) or ()
            for name in dynamic.needed + dynamic.filters:
                found = self._find(self._search.expanded(name, wanting), wanting)
                if found is None:
                    raise MissingLibraryError(name, wanting)
                todo += found

    def _find(self, name: bytes, wanting: Loaded) -> list[Loaded] | None:
        """Map what `name` means to `wanting`; returns what that added. None: there is no such library."""
        if self.named(name) is not None:
            return []
        variants: list[Loaded] = []
        chosen: Loaded | None = None
        candidates = iter((Candidate(name),)) if b"/" in name else self._search.candidates(name, wanting)
        for candidate in candidates:
            found = self._object(candidate, name, wanting)
            if found is not None and not candidate.variant:
                chosen = found
                break
            variants += [found] if found is not None else []
        if chosen is None and variants:  # a library for some processors only: then that is what there is
            chosen = variants[0]
        if chosen is None:
            return None
        self._by_name[name] = chosen
        if chosen.elf.soname and self._search.matches_soname:
            self._by_name.setdefault(chosen.elf.soname, chosen)
        added: list[Loaded] = []
        for each in (chosen, *variants):
            if each.real_path not in self._by_path:
                self._by_path[each.real_path] = each
                added.append(each)
        self.objects += added
        return added

    def _object(self, candidate: Candidate, name: bytes, wanting: Loaded) -> Loaded | None:
        """What is at a candidate's path, if a loader would take it."""
        found = regular_file(self._tree, candidate.path, self._cwd)
        if found is None:
            return None
        known = self._by_path.get(found[0])
        if known is not None:
            return known
        identity = identity_at(self._tree, found[1])
        machine = self.interpreter.elf.machine
        if identity is not None and (identity.machine, identity.type) != (machine, "DYN"):
            return None  # the loaders pass over libraries of another architecture
        elf = elf_at(self._tree, *found)
        return Loaded(candidate.path, found[0], elf, wanting, name, candidate.variant)

    def _check(self, objects: Iterable[Loaded]) -> None:
        if self._search.checks_versions:
            for each in objects:
                check_versions(each, self.named)


def elf_at(tree: FileTree, real_path: bytes, inode: Inode) -> ElfFile:
    """Read the ELF file at a path that is resolved already. Raises IncompatibleImageError."""
    with tree.open(inode) as stream:
        return read_elf(stream, inode.size, shown(real_path))


def identity_at(tree: FileTree, inode: Inode) -> ElfIdentity | None:
    """The first bytes of a regular file as an ELF identity, None if it is something else."""
    with tree.open(inode) as stream:
        return read_identity(stream.read(IDENTITY_SIZE))


def regular_file(tree: FileTree, path: bytes, cwd: bytes) -> tuple[bytes, Inode] | None:
    """Canonical path and inode of a regular file, None if there is none."""
    found = tree.resolve(path, cwd=cwd) if path else None
    return found if found is not None and found[1].kind is FileKind.REGULAR else None


def shown(path: bytes) -> str:
    """A path for a message."""
    return path.decode("utf-8", "backslashreplace")
