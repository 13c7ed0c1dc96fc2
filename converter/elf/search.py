"""Where the dynamic loaders look for a library inside the image: ld.so(8) of glibc, musl's ldso/dynlink.c.

A search yields candidate paths in the loader's order; whether one exists and fits the closure decides. Of
glibc's CPU-specific variants (glibc-hwcaps) only the baseline one is considered, which every CPU can run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from converter.elf.header import ElfFile
from converter.elf.ldcache import CACHE_MAX, parse_ld_cache
from converter.elf.ldconf import configured_folders
from converter.image.tree import FileKind, FileTree

_TRIPLETS = {"amd64": b"x86_64-linux-gnu", "arm64": b"aarch64-linux-gnu"}
_PLATFORMS = {"amd64": b"x86_64", "arm64": b"aarch64"}
_MUSL_RESERVED = (b"c.", b"pthread.", b"rt.", b"m.", b"dl.", b"util.", b"xnet.")
_PATH_FILE_MAX = 1 << 16  # bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """An object in the loader's list: how it was found, what it is, and who asked for it first."""

    path: bytes  # as the loader opened it
    real_path: bytes
    elf: ElfFile
    wanted_by: Loaded | None


class LoaderSearch(Protocol):
    """A dynamic loader's search rules."""

    def is_loader_itself(self, name: bytes) -> bool:
        """Whether a DT_NEEDED name means the loader (which is the C library, with musl)."""
        ...

    def candidates(self, name: bytes, wanted_by: Loaded) -> Iterator[bytes]:
        """Paths to try, in order, for a name that has no slash."""
        ...


def _expand(entry: bytes, origin: Loaded, libs: tuple[bytes, ...], platform: bytes) -> list[bytes]:
    """One folder of a search path with $ORIGIN, $LIB and $PLATFORM filled in; several if $LIB is unknown."""
    folder = (origin.path if origin.wanted_by else origin.real_path).rpartition(b"/")[0]
    for token, value in ((b"ORIGIN", folder), (b"PLATFORM", platform)):
        entry = entry.replace(b"${%s}" % token, value).replace(b"$" + token, value)
    if b"$LIB" not in entry and b"${LIB}" not in entry:
        return [entry]
    return [entry.replace(b"${LIB}", lib).replace(b"$LIB", lib) for lib in libs]


class GlibcSearch:
    """glibc's order: DT_RPATH, LD_LIBRARY_PATH, DT_RUNPATH, ld.so.cache, default folders.

    Default folders: the loader's own (that is the libdir it was built for), then those of the distributions.
    Without a cache glibc does not read ld.so.conf, and neither does this; it stands in for a cache
    that cannot be read.
    """

    def __init__(self, tree: FileTree, interpreter: Loaded, environment: Mapping[bytes, bytes]) -> None:
        machine = interpreter.elf.machine
        self._names = {interpreter.elf.soname, interpreter.path.rpartition(b"/")[2]}
        self._platform = _PLATFORMS.get(machine, b"")
        triplet = _TRIPLETS.get(machine, b"")
        self._libs = (b"lib/" + triplet, b"lib64", b"lib")
        self._environment = environment.get(b"LD_LIBRARY_PATH", b"").replace(b";", b":")
        self._cache: Mapping[bytes, bytes] = {}
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

    def candidates(self, name: bytes, wanted_by: Loaded) -> Iterator[bytes]:
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
        if dynamic is not None and dynamic.no_default_libraries:
            return
        if name in self._cache:
            yield self._cache[name]
        for folder in self._defaults:
            yield folder + b"/" + name

    def _in(self, path: bytes, name: bytes, origin: Loaded) -> Iterator[bytes]:
        for entry in path.split(b":"):
            for folder in _expand(entry, origin, self._libs, self._platform):
                yield (folder or b".") + b"/" + name


class MuslSearch:
    """musl's order: LD_LIBRARY_PATH, the run paths of the wanting object and all above it, the path file."""

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

    def candidates(self, name: bytes, wanted_by: Loaded) -> Iterator[bytes]:
        yield from self._in(self._environment, name)
        ancestor: Loaded | None = wanted_by
        while ancestor is not None:
            dynamic = ancestor.elf.dynamic
            path = (dynamic.runpath or dynamic.rpath) if dynamic is not None else None
            for entry in (path or b"").split(b":"):
                if b"$" not in entry.replace(b"$ORIGIN", b"").replace(b"${ORIGIN}", b""):
                    yield from self._in(_expand(entry, ancestor, (), b"")[0], name)
            ancestor = ancestor.wanted_by
        yield from self._in(self._system, name)

    def _in(self, path: bytes, name: bytes) -> Iterator[bytes]:
        for folder in path.replace(b"\n", b":").split(b":"):
            if folder:
                yield folder + b"/" + name


def search_for(tree: FileTree, interpreter: Loaded, environment: Mapping[bytes, bytes]) -> LoaderSearch:
    """The rules of the image's loader, told by its name: musl's, or else glibc's."""
    names = (interpreter.path.rpartition(b"/")[2], interpreter.real_path.rpartition(b"/")[2])
    is_musl = any(name.startswith(b"ld-musl-") for name in names)
    return (MuslSearch if is_musl else GlibcSearch)(tree, interpreter, environment)
