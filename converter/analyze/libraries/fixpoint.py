"""Which libraries a program may open at run time: families in use, and names that code passes to dlopen.

A library that is found brings code with it, which may call more and so bring more families into use. So the
analysis of calls and the families take turns until nothing new comes: `close_libraries`.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Sequence

from converter.analyze.calls.model import PLUGIN, PLUGIN_LIBRARY, CodeObject, StaticCalls, objects_of
from converter.analyze.libraries.conditions import in_use
from converter.analyze.libraries.family import Family, all_families
from converter.analyze.libraries.model import RuntimeLibraries, RuntimeObject
from converter.analyze.libraries.readers.registry import READERS
from converter.analyze.libraries.surroundings import ImagePaths, Surroundings
from converter.analyze.program import Program
from converter.elf.closure import LibraryClosure, library_of, link_map
from converter.elf.linkmap import regular_file, shown
from converter.elf.search import Loaded
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree
from converter.profile.model import Evidence, Evidences

Analyse = Callable[[Sequence[CodeObject]], StaticCalls]

_ROUNDS_MAX = 32  # each adds at least one object; real programs need two or three
_OPENERS = ("dlopen", "dlmopen", "__libc_dlopen_mode")
_EVIDENCES_MAX = 8  # kept of one object


def close_libraries(
    tree: FileTree, program: Program, closure: LibraryClosure, analyse: Analyse
) -> RuntimeLibraries:
    """All that `program` may load beyond `closure`, which is its DT_NEEDED closure.

    `analyse` finds the system calls of a list of objects; it is called again whenever there are more. A
    library that could not be loaded (a dependency is missing) is none, as with dlopen. Raises
    IncompatibleImageError as `library_closure` does.
    """
    links = link_map(tree, program.executable.loaded, program.environment, cwd=program.cwd)
    around = Surroundings(tree, program, links, ImagePaths(tree))
    search = _Search(around)
    base = objects_of(tree, closure)
    search.extend()  # what follows from the program and its libraries alone: an analysis less
    stopped: tuple[str, ...] = ("libraries kept bringing more libraries; the search for more was given up",)
    for _ in range(_ROUNDS_MAX):
        around.calls = analyse((*base, *search.code()))
        if not search.extend():
            stopped = ()
            break
    return RuntimeLibraries(
        objects=tuple(search.objects.values()),
        files={path: tuple(sorted(why)) for path, why in sorted(search.files.items())},
        open=search.open_reasons() + stopped,
        calls=around.calls,
    )


class _Search:
    """What was found so far. `extend` looks once more, with the surroundings as they are then."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._families: dict[str, str] = {}  # in use -> why
        self.objects: dict[bytes, RuntimeObject] = {}
        self.files: dict[bytes, set[Evidence]] = {}

    def code(self) -> tuple[CodeObject, ...]:
        """The objects for the analysis of calls."""
        tree = self._around.tree
        return tuple(
            CodeObject(each.path, tree[each.path], PLUGIN_LIBRARY if each.needed else PLUGIN, each.entries)
            for each in self.objects.values()
        )

    def extend(self) -> bool:
        """Whether there was anything to add to `objects`, or to say of them.

        Families that follow from loaded objects alone are followed up here, without another analysis.
        """
        before = self.code()
        while True:
            known = len(self.objects)
            for family in all_families():
                why = in_use(family, self._around)
                if why is not None:
                    self._families.setdefault(family.name, why)
                    self._take(family)
            self._take_names()
            if len(self.objects) == known:
                return self.code() != before

    def open_reasons(self) -> tuple[str, ...]:
        """Of the families in use, and of objects that open libraries by names that nothing tells.

        A module of a family that is open itself needs no reason of its own.
        """
        families = [each for each in all_families() if each.open and each.name in self._families]
        reasons = [each.open for each in families]
        sources = {_source(each) for each in families}
        for path in self._unexplained() if self._around.calls.dlopen_any else ():
            known = self.objects.get(os.fsencode(path))
            if known is None or not any(why.source in sources for why in known.why):
                reasons.append(f"{path} opens libraries by names that are not in its code")
        return tuple(dict.fromkeys(reasons))

    def _take(self, family: Family) -> None:
        around = self._around
        evidence = Evidence("rule", _source(family), self._families[family.name])
        places = around.paths.select(family.objects + tuple(self._beside(family)))
        for variable in family.variables:
            for folder in around.program.environment.get(variable.encode(), b"").split(b":"):
                places += [each for each in around.folder(folder) if b".so" in each] if folder else []
        for name in (*(each.encode() for each in family.names), *places):
            self._open(name, evidence, entries=family.entries)
        self._add_files(around.paths.select(family.files), evidence)
        if family.reader:
            reader, _, argument = family.reader.partition(":")
            found = READERS[reader](around, argument)
            for name, where in found.objects.items():
                self._open(name, Evidence(evidence.kind, evidence.source, where), entries=family.entries)
            for path, where in found.files.items():
                self._add_files([path], Evidence(evidence.kind, evidence.source, where))

    def _beside(self, family: Family) -> Iterable[str]:
        folder = os.fsdecode(self._around.program.executable.loaded_real_path.rpartition(b"/")[0])
        for pattern in family.beside:
            yield os.path.normpath(f"{folder}/{pattern}")

    def _take_names(self) -> None:
        """Constant names that reach dlopen, and names in the objects whose other calls nothing explains."""
        calls = self._around.calls
        for name, why in sorted(calls.dlopen_names.items()):
            for evidence in why:
                self._open(os.fsencode(name), evidence, self._mapped(evidence.source))
        if calls.dlopen_any:
            for path in self._unexplained():
                evidence = Evidence("static", path, "a name in its text; it opens others than constant ones")
                for raw in self._around.library_names(os.fsencode(path)):
                    self._open(raw, evidence, self._mapped(path))

    def _unexplained(self) -> list[str]:
        """Objects that call dlopen and are no family's."""
        calling = {path for name in _OPENERS for path in self._around.calls.called.get(name, ())}
        patterns = [pattern for family in all_families() for pattern in family.explains]
        return sorted(
            path
            for path in calling
            if not any(fnmatch.fnmatchcase(path.rpartition("/")[2], pattern) for pattern in patterns)
        )

    def _mapped(self, path: str) -> Loaded | None:
        raw = os.fsencode(path)
        return next((each for each in self._around.mapped() if each.real_path == raw), None)

    def _open(
        self, name: bytes, why: Evidence, caller: Loaded | None = None, entries: tuple[str, ...] = ()
    ) -> None:
        links = self._around.links
        if links is None or not name:
            return
        try:
            fresh = links.open(name, caller)
        except IncompatibleImageError:
            return
        for number, loaded in enumerate(fresh):
            reason, asked = why, entries
            if number and loaded.wanted_by is not None:
                reason = Evidence("static", shown(loaded.wanted_by.real_path), f"needs {shown(loaded.name)}")
                asked = ()
            self.objects[loaded.real_path] = RuntimeObject(library_of(loaded), (reason,), bool(number), asked)
        if not fresh:
            self._open_again(name, why, entries)

    def _open_again(self, name: bytes, why: Evidence, entries: tuple[str, ...]) -> None:
        """One more reason, and more entries, for an object that is there already."""
        found = regular_file(self._around.tree, name, self._around.program.cwd) if b"/" in name else None
        links = self._around.links
        answering = links.named(name) if links is not None else None
        path = found[0] if found is not None else answering.real_path if answering is not None else b""
        known = self.objects.get(path)
        if known is None or (not known.needed and why in known.why):
            return
        reasons: Evidences = tuple(dict.fromkeys((*known.why, why)))[:_EVIDENCES_MAX]
        if not known.needed:
            entries = tuple(sorted({*known.entries, *entries})) if known.entries and entries else ()
        self.objects[path] = RuntimeObject(known.library, reasons, entries=entries)

    def _add_files(self, paths: Iterable[bytes], why: Evidence) -> None:
        for path in paths:
            try:
                found = self._around.tree.resolve(path)
            except IncompatibleImageError:  # links that go round in circles
                continue
            if found is not None:
                self.files.setdefault(found[0], set()).add(why)


def _source(family: Family) -> str:
    """What the evidence of a family names as its source."""
    return f"libraries/{family.name}"
