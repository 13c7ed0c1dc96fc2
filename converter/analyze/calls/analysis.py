"""The way in: all objects of a program go in, what they can do comes out."""

from __future__ import annotations

import fnmatch
import io
import os
from collections.abc import Sequence
from typing import cast

from converter.analyze.calls import store
from converter.analyze.calls.arguments import Arguments
from converter.analyze.calls.binding import Scope
from converter.analyze.calls.budget import MAX_PROGRAM_STEPS, MAX_STEPS, Budget
from converter.analyze.calls.graph import ObjectGraph
from converter.analyze.calls.instructions import Architecture
from converter.analyze.calls.model import INTERPRETER, PLUGIN, PROGRAM, CodeObject, StaticCalls
from converter.analyze.calls.names import Lookups
from converter.analyze.calls.origins import Origins
from converter.analyze.calls.reach import Reach
from converter.analyze.calls.sites import Sites
from converter.analyze.calls.summary import Summary
from converter.analyze.calls.witness import Witness
from converter.elf.header import read_elf
from converter.elf.memory import ElfMemory
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree, Inode

MAX_OBJECT = 1 << 30  # bytes of one ELF file
_MAX_ROUNDS = 8  # of functions found by name that look up more functions by name

# Symbols that loaders call by name: glibc in libc (elf/dl-call-libc-early-init.c), musl in itself, from the
# first stages of its start on (ldso/dynlink.c, __dls2 and __dls2b).
_LOADER_LOOKUPS = (b"__libc_early_init", b"__dls2b", b"__dls3")


class CallAnalysis:
    """Analyses programs of one image; what is found out about an object is kept for the next run.

    Errors of `run`: IncompatibleImageError for an object that is no ELF file of a known architecture, or is
    larger than MAX_OBJECT.
    """

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._summaries: dict[Inode, Summary] = {}
        self._digests: dict[Inode, bytes] = {}
        self._budget = Budget(MAX_PROGRAM_STEPS)

    def run(self, objects: Sequence[CodeObject]) -> StaticCalls:
        """What the code of `objects` can do. The first is the program; order is that of symbol search."""
        name = store.name_of(
            b"result",
            *(part for each in objects for part in (each.path, each.role.encode(), self._digest(each))),
        )
        kept = store.load(name)
        if kept is not None:
            return StaticCalls.of_plain(kept)
        found = self._analyse(objects)
        for each in objects:
            summary = self._summaries[each.inode]
            if summary.changed and not summary.exhausted:
                store.save(store.name_of(b"summary", self._digest(each)), summary.known)
                summary.changed = False
        store.save(name, found.plain())
        return found

    def _digest(self, each: CodeObject) -> bytes:
        found = self._digests.get(each.inode)
        if found is None:
            found = self._digests[each.inode] = store.file_digest(self._tree, each.inode)
        return found

    def _analyse(self, objects: Sequence[CodeObject]) -> StaticCalls:
        summaries = [self._summary(each) for each in objects]
        paths = [each.path for each in objects]
        roles = [each.role for each in objects]
        scope = Scope(summaries, roles)
        reach = Reach(summaries, scope)
        _add_roots(reach, scope, summaries, objects)
        lookups = Lookups(summaries, scope, reach)
        for _ in range(_MAX_ROUNDS):
            reach.run()
            origins = Origins(summaries, reach)
            if not lookups.add_functions(origins):
                break
        witness = Witness(summaries, paths, reach)
        sites = Sites(summaries, reach, origins, witness)
        return StaticCalls(
            syscalls=sites.syscalls(),
            arguments=Arguments(summaries, origins, witness, sites).choices(),
            unresolved=sites.unresolved(),
            called=lookups.called(paths),
            dlopen_names=lookups.names(origins, witness, lookups.DLOPEN),
            dlsym_names=lookups.names(origins, witness, lookups.DLSYM),
            dlopen_any=lookups.any_name(origins, lookups.DLOPEN),
            rewritable=_rewritable(reach, summaries, paths),
            texts=_texts(reach, summaries, paths),
        )

    def _summary(self, each: CodeObject) -> Summary:
        found = self._summaries.get(each.inode)
        if found is None:
            known = store.load(store.name_of(b"summary", self._digest(each)))
            budget = Budget(MAX_STEPS, self._budget)
            found = self._summaries[each.inode] = Summary(lambda: _load(self._tree, each, budget), known)
        return found


def static_calls(tree: FileTree, objects: Sequence[CodeObject]) -> StaticCalls:
    """`CallAnalysis(tree).run(objects)`, for one run."""
    return CallAnalysis(tree).run(objects)


def _rewritable(
    reach: Reach, summaries: Sequence[Summary], paths: Sequence[bytes]
) -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for (number, start), node in reach.nodes.items():
        for site in node.sites:
            length, place = summaries[number].moved_before(start, site)
            if length:
                found.setdefault(os.fsdecode(paths[number]), set()).add((place, length))
    return {path: tuple(sorted(sites)) for path, sites in sorted(found.items())}


def _texts(
    reach: Reach, summaries: Sequence[Summary], paths: Sequence[bytes]
) -> dict[str, tuple[bytes, ...]]:
    found = {}
    for number, (path, summary) in enumerate(zip(paths, summaries, strict=True)):
        reached = {
            text
            for text, places in summary.texts
            if not places or summary.exhausted or any((number, place) in reach.parents for place in places)
        }
        found[os.fsdecode(path)] = tuple(sorted(reached))
    return found


def _load(tree: FileTree, each: CodeObject, budget: Budget) -> ObjectGraph:
    where = each.path.decode("utf-8", "backslashreplace")
    if each.inode.size > MAX_OBJECT:
        raise IncompatibleImageError(
            f"an ELF file of {each.inode.size} bytes, at most {MAX_OBJECT} are analysed", where=where
        )
    data = tree.read(each.inode, MAX_OBJECT)
    elf = read_elf(io.BytesIO(data), len(data), where)
    return ObjectGraph(ElfMemory(data, elf), architecture_of(elf.machine, where), budget)


def architecture_of(machine: str, where: str) -> Architecture:
    """The reader of an architecture's code, by its OCI name."""
    if machine != "amd64":
        raise IncompatibleImageError(
            f"the system calls of code for {machine} cannot be read yet",
            where=where,
            hint="use --full, or the image for amd64",
        )
    from converter.analyze.calls import x86_64

    return cast(Architecture, x86_64)


def _add_roots(
    reach: Reach, scope: Scope, summaries: Sequence[Summary], objects: Sequence[CodeObject]
) -> None:
    for number, (summary, each) in enumerate(zip(summaries, objects, strict=True)):
        if each.role in (PROGRAM, INTERPRETER):
            reach.add_root(number, summary.entry, "entry point")
        for address, why in summary.start_functions:
            reach.add_root(number, address, why)
        if each.role == PLUGIN:
            for definition in scope.exports(number):
                if _is_entry(definition.symbol.name, each.entries):
                    reach.add_definition(definition, "exported by a plug-in")
    for name in _LOADER_LOOKUPS:
        for definition in scope.find(name):
            reach.add_definition(definition, "called by the loader")


def _is_entry(name: bytes, entries: tuple[str, ...]) -> bool:
    text = name.decode("utf-8", "backslashreplace")
    return not entries or any(fnmatch.fnmatchcase(text, pattern) for pattern in entries)
