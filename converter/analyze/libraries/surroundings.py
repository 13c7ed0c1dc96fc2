"""What families are judged by: the image, the program, what is mapped so far, and what its code refers to."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from converter.analyze.calls.model import StaticCalls
from converter.analyze.program import Program
from converter.elf.linkmap import LinkMap, regular_file, shown
from converter.elf.search import Loaded
from converter.errors import IncompatibleImageError
from converter.image import glob
from converter.image.tree import FileKind, FileTree

TEXT_MAX = 1 << 20  # bytes of a configuration file
_OBJECT_MAX = 256 << 20  # bytes of an object that is searched for strings
_ANYWHERE = b"/**/"
_NAME_MAX = 4096  # bytes, PATH_MAX
_SUFFIX = re.compile(rb"\.so(?:\.[0-9]+)*\0")
_LIBRARY = re.compile(rb"(?:/[\w.+/-]+/)?lib[\w.+-]+\.so(?:\.[0-9]+)*")
_PLUGIN = re.compile(rb"\.(?:so(?:\.[0-9.]+)?|node|nso)$")


class ImagePaths:
    """Globs over the paths of an image; those that begin with `/**/` only among its shared objects."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree

    @functools.cached_property
    def plugins(self) -> tuple[bytes, ...]:
        """Everything that is named like a shared object, sorted."""
        return tuple(path for path in self._tree if b"." in path and _PLUGIN.search(path))

    def select(self, patterns: Iterable[str | bytes]) -> list[bytes]:
        """Canonical paths (a link's own path, for a link) that one of the patterns matches, sorted."""
        found: set[bytes] = set()
        anywhere = []
        for pattern in patterns:
            raw = pattern if isinstance(pattern, bytes) else pattern.encode()
            if raw.startswith(_ANYWHERE):
                anywhere.append(raw)
            else:
                found.update(glob.expand(self._tree, raw))
        if anywhere:
            match = glob.whole_path(anywhere).fullmatch
            found.update(path for path in self.plugins if match(path))
        return sorted(found)


@dataclass(slots=True)
class Surroundings:
    """Grows with what is found: `links` by what is opened, `calls` by each analysis."""

    tree: FileTree
    program: Program
    links: LinkMap | None  # None: a program without a dynamic loader
    paths: ImagePaths
    calls: StaticCalls = field(default_factory=StaticCalls)
    _last: tuple[bytes, bytes] = (b"", b"")
    _contained: dict[tuple[bytes, frozenset[bytes]], frozenset[bytes]] = field(default_factory=dict)
    _names: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    def mapped(self) -> list[Loaded]:
        """Program and libraries; no loader."""
        return [self.links.main, *self.links.objects] if self.links is not None else []

    def loaded(self, *patterns: str) -> Loaded | None:
        """The first mapped library whose base name or soname one of the globs matches."""
        for each in self.links.objects if self.links is not None else ():
            names = {each.name.rpartition(b"/")[2], each.path.rpartition(b"/")[2], each.elf.soname or b""}
            for pattern in patterns:
                if any(fnmatch.fnmatchcase(shown(name), pattern) for name in names):
                    return each
        return None

    def contents(self, path: bytes) -> bytes:
        """The whole of a mapped object, the last one kept; empty when there is no such file or it is huge."""
        if self._last[0] != path:
            found = regular_file(self.tree, path, b"/")
            fits = found is not None and found[1].size <= _OBJECT_MAX
            self._last = path, self.tree.read(found[1], _OBJECT_MAX) if found is not None and fits else b""
        return self._last[1]

    def contained(self, path: bytes, texts: frozenset[bytes]) -> frozenset[bytes]:
        """Those of `texts` that a mapped object contains; looked for once."""
        key = path, texts
        if key not in self._contained:
            contents = self.contents(path)
            self._contained[key] = frozenset(text for text in texts if text in contents)
        return self._contained[key]

    def library_names(self, path: bytes) -> tuple[bytes, ...]:
        """Texts of a mapped object that are names or absolute paths of libraries, sorted."""
        if path not in self._names:
            text = self.contents(path)
            found: set[bytes] = set()
            for match in _SUFFIX.finditer(text):
                start = text.rfind(b"\0", max(0, match.start() - _NAME_MAX), match.start()) + 1
                name = text[start : match.end() - 1] if start else b""
                if _LIBRARY.fullmatch(name):
                    found.add(name)
            self._names[path] = tuple(sorted(found))
        return self._names[path]

    def configuration(self, path: bytes) -> bytes | None:
        """A configuration file, relative paths from the working directory; None if it is none or too long."""
        try:
            found = regular_file(self.tree, path, self.program.cwd)
        except IncompatibleImageError:  # links that go round in circles
            return None
        if found is None or found[1].size > TEXT_MAX:
            return None
        return self.tree.read(found[1])

    def matching_files(self, pattern: bytes) -> list[bytes]:
        """Regular files that an absolute glob matches, links followed, by the names that match."""
        return [path for path in self.paths.select([pattern]) if self._is_file(path)]

    def folder(self, path: bytes) -> list[bytes]:
        """The paths of what is in a folder, sorted; none if it is no folder."""
        try:
            found = self.tree.resolve(path)
        except IncompatibleImageError:
            return []
        if found is None or found[1].kind is not FileKind.DIRECTORY:
            return []
        return [found[0].rstrip(b"/") + b"/" + name for name in sorted(self.tree.children(found[0]))]

    def _is_file(self, path: bytes) -> bool:
        try:
            return regular_file(self.tree, path, b"/") is not None
        except IncompatibleImageError:
            return False
