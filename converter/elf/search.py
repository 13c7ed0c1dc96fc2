"""Where the dynamic loaders look for a library inside the image: ld.so(8) of glibc, musl's ldso/dynlink.c.

A search yields candidate paths in the loader's order; whether one exists and fits the closure decides. Which
of glibc's CPU-specific variants (glibc-hwcaps, and the legacy folders that it knew until 2.36) is taken is
up to the processor that the program will run on, so that all are candidates beside the baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from converter.elf.header import ElfFile
from converter.elf.ldcache import CACHE_MAX, Cached, parse_ld_cache
from converter.elf.ldconf import configured_folders
from converter.image.tree import FileKind, FileTree

_TRIPLETS = {"amd64": b"x86_64-linux-gnu", "arm64": b"aarch64-linux-gnu"}
_PLATFORMS = {"amd64": b"x86_64", "arm64": b"aarch64"}
_MUSL_RESERVED = (b"c.", b"pthread.", b"rt.", b"m.", b"dl.", b"util.", b"xnet.")
_PATH_FILE_MAX = 1 << 16  # bytes

# Folders for libraries of particular processors, below each folder of a search path: glibc 2.33 and later
# (ld.so(8), "glibc-hwcaps"), and the legacy ones of 2.36 and before, which nest ("tls/haswell/avx512_1").
_HWCAPS = tuple(b"glibc-hwcaps/x86-64-v%d" % level for level in (4, 3, 2))
_LEGACY = (b"tls", b"haswell", b"xeon_phi", b"avx512_1", b"x86_64", b"atomics", b"aarch64")
_LEGACY_DEPTH = 4
_LEGACY_PLATFORMS = {"amd64": (b"haswell", b"xeon_phi")}  # what $PLATFORM can be on newer processors


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """An object in the loader's list: how it was found, what it is, and who asked for it first."""

    path: bytes  # as the loader opened it
    real_path: bytes
    elf: ElfFile
    wanted_by: Loaded | None  # None: the program itself
    name: bytes  # as it was asked for
    variant: bool = False  # only some processors load it, instead of the baseline library


class Candidate(NamedTuple):
    """A path to try. `variant`: only some processors would, others go on to the next."""

    path: bytes
    variant: bool = False


class LoaderSearch(Protocol):
    """A dynamic loader's search rules.

    matches_soname:  a loaded library answers to its DT_SONAME too
    checks_versions: symbol versions are checked before the program starts
    """

    matches_soname: bool
    checks_versions: bool

    def is_loader_itself(self, name: bytes) -> bool:
        """Whether a DT_NEEDED name means the loader (which is the C library, with musl)."""
        ...

    def expanded(self, name: bytes, wanted_by: Loaded) -> bytes:
        """A DT_NEEDED name with its $ORIGIN and the like filled in, where the loader does that."""
        ...

    def candidates(self, name: bytes, wanted_by: Loaded) -> Iterator[Candidate]:
        """Paths to try, in order, for a name that has no slash. Each variant comes before its baseline."""
        ...


def _origin(of: Loaded) -> bytes:
    return (of.path if of.wanted_by else of.real_path).rpartition(b"/")[0]


def _filled(text: bytes, token: bytes, value: bytes) -> bytes:
    return text.replace(b"${%s}" % token, value).replace(b"$" + token, value)


class GlibcSearch:
    """glibc's order: DT_RPATH, LD_LIBRARY_PATH, DT_RUNPATH, ld.so.cache, default folders.

    Default folders: the loader's own (that is the libdir it was built for), then those of the distributions.
    Without a cache glibc does not read ld.so.conf, and neither does this; it stands in for a cache
    that cannot be read.
    """

    matches_soname = True
    checks_versions = True

    def __init__(self, tree: FileTree, interpreter: Loaded, environment: Mapping[bytes, bytes]) -> None:
        machine = interpreter.elf.machine
        self._tree = tree
        self._names = {interpreter.elf.soname, interpreter.path.rpartition(b"/")[2]}
        self._platform = _PLATFORMS.get(machine, b"")
        self._newer_platforms = _LEGACY_PLATFORMS.get(machine, ())
        triplet = _TRIPLETS.get(machine, b"")
        self._libs = (b"lib/" + triplet, b"lib64", b"lib")
        self._environment = environment.get(b"LD_LIBRARY_PATH", b"").replace(b";", b":")
        self._cache: Mapping[bytes, tuple[Cached, ...]] = {}
        self._below: dict[bytes, tuple[bytes, ...]] = {}
        own = interpreter.real_path.rpartition(b"/")[0]
        folders = [own, b"/usr" + own]
        found = tree.resolve(b"/etc/ld.so.cache")
        if found is not None and found[1].kind is FileKind.REGULAR:
            data = tree.read(found[1]) if found[1].size <= CACHE_MAX else b""
            cache = parse_ld_cache(data, machine)
            self._cache = cache or {}
            if cache is None:
                folders += configured_folders(tree)
        folders += [prefix + lib for lib in self._libs for prefix in (b"/", b"/usr/")]
        self._defaults = tuple(dict.fromkeys(folders))

    def is_loader_itself(self, name: bytes) -> bool:
        return name in self._names

    def expanded(self, name: bytes, wanted_by: Loaded) -> bytes:
        if b"$" not in name:
            return name
        name = _filled(_filled(name, b"ORIGIN", _origin(wanted_by)), b"PLATFORM", self._platform)
        return _filled(name, b"LIB", self._libs[0])

    def candidates(self, name: bytes, wanted_by: Loaded) -> Iterator[Candidate]:
        dynamic = wanted_by.elf.dynamic
        if dynamic is not None and dynamic.runpath is None:
            ancestor: Loaded | None = wanted_by
            while ancestor is not None:
                above = ancestor.elf.dynamic
                if above is not None and above.runpath is None and above.rpath:
                    yield from self._in(above.rpath, name, ancestor)
                ancestor = ancestor.wanted_by
        if self._environment:
            yield from self._in(self._environment, name, wanted_by)
        if dynamic is not None and dynamic.runpath:
            yield from self._in(dynamic.runpath, name, wanted_by)
        cached_only = dynamic is not None and dynamic.no_default_libraries
        for path, variant in self._cache.get(name, ()):
            if not cached_only or path.rpartition(b"/")[0] not in self._defaults:
                yield Candidate(path, variant)
        if not cached_only:
            for folder in self._defaults:
                yield from self._at(folder, name)

    def _in(self, path: bytes, name: bytes, origin: Loaded) -> Iterator[Candidate]:
        for entry in path.split(b":"):
            folder = _filled(entry, b"ORIGIN", _origin(origin))
            if b"$PLATFORM" in folder or b"${PLATFORM}" in folder:
                for platform in self._newer_platforms:
                    for found in self._with_lib(_filled(folder, b"PLATFORM", platform), name):
                        yield found._replace(variant=True)
                folder = _filled(folder, b"PLATFORM", self._platform)
            yield from self._with_lib(folder, name)

    def _with_lib(self, folder: bytes, name: bytes) -> Iterator[Candidate]:
        """What $LIB is was decided when the loader was built; it cannot be read from it, so all are tried."""
        if b"$LIB" in folder or b"${LIB}" in folder:
            for lib in self._libs:
                yield from self._at(_filled(folder, b"LIB", lib), name)
        else:
            yield from self._at(folder or b".", name)

    def _at(self, folder: bytes, name: bytes) -> Iterator[Candidate]:
        below = self._below.get(folder)
        if below is None:
            below = self._below[folder] = self._variants(folder)
        for variant in below:
            yield Candidate(variant + b"/" + name, True)
        yield Candidate(folder + b"/" + name)

    def _variants(self, folder: bytes) -> tuple[bytes, ...]:
        """The folders for particular processors below an absolute `folder`, by their canonical paths."""
        found = self._tree.resolve(folder) if folder.startswith(b"/") else None
        if found is None:
            return ()
        top = found[0].rstrip(b"/")
        there = [top + b"/" + each for each in _HWCAPS if top + b"/" + each in self._tree]
        level = [top]
        for _ in range(_LEGACY_DEPTH):
            level = [
                path
                for above in level
                for each in _LEGACY
                if (path := above + b"/" + each) in self._tree and self._tree[path].kind is FileKind.DIRECTORY
            ]
            there += level
        return tuple(there)


class MuslSearch:
    """musl's order: LD_LIBRARY_PATH, the run paths of the wanting object and all above it, the path file."""

    matches_soname = False
    checks_versions = False

    def __init__(self, tree: FileTree, interpreter: Loaded, environment: Mapping[bytes, bytes]) -> None:
        self._environment = environment.get(b"LD_LIBRARY_PATH", b"")
        folder, _, loader = interpreter.path.rpartition(b"/")
        architecture = loader.removeprefix(b"ld-musl-").partition(b".")[0]
        prefix = folder.rpartition(b"/")[0]  # of /usr/local/lib/ld-musl-x86_64.so.1: /usr/local
        found = tree.resolve(prefix + b"/etc/ld-musl-" + architecture + b".path")
        self._system = b"/lib:/usr/local/lib:/usr/lib"
        if found is not None and found[1].kind is FileKind.REGULAR and found[1].size <= _PATH_FILE_MAX:
            self._system = tree.read(found[1])

    def is_loader_itself(self, name: bytes) -> bool:
        return name.startswith(b"lib") and name[3:].startswith(_MUSL_RESERVED)

    def expanded(self, name: bytes, wanted_by: Loaded) -> bytes:
        return name

    def candidates(self, name: bytes, wanted_by: Loaded) -> Iterator[Candidate]:
        yield from self._in(self._environment, name)
        ancestor: Loaded | None = wanted_by
        while ancestor is not None:
            dynamic = ancestor.elf.dynamic
            path = (dynamic.runpath or dynamic.rpath) if dynamic is not None else None
            for entry in (path or b"").split(b":"):
                if b"$" not in entry.replace(b"$ORIGIN", b"").replace(b"${ORIGIN}", b""):
                    yield from self._in(_filled(entry, b"ORIGIN", _origin(ancestor)), name)
            ancestor = ancestor.wanted_by
        yield from self._in(self._system, name)

    def _in(self, path: bytes, name: bytes) -> Iterator[Candidate]:
        for folder in path.replace(b"\n", b":").split(b":"):
            if folder:
                yield Candidate(folder + b"/" + name)


def search_for(tree: FileTree, interpreter: Loaded, environment: Mapping[bytes, bytes]) -> LoaderSearch:
    """The rules of the image's loader, told by its name: musl's, or else glibc's."""
    names = (interpreter.path.rpartition(b"/")[2], interpreter.real_path.rpartition(b"/")[2])
    is_musl = any(name.startswith(b"ld-musl-") for name in names)
    return (MuslSearch if is_musl else GlibcSearch)(tree, interpreter, environment)
