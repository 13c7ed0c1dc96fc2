"""The reviewed rules of data/folders.toml, applied to one tree."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from converter.image.glob import expand, whole_path
from converter.image.tree import FileKind, FileTree
from converter.rootfs.reason import Reason


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One table of the file. `reason`: left out for it; otherwise kept, for `interpreter` only if it is
    used.
    """

    name: str
    reason: Reason | None = None
    interpreter: bool = False
    open: bool = False
    owned: bool = False
    trees: tuple[bytes, ...] = ()
    files: re.Pattern[bytes] | None = None
    names: frozenset[bytes] = frozenset()
    programs: re.Pattern[bytes] | None = None


@functools.cache
def rules() -> tuple[Rule, ...]:
    """All tables, in the order of the file."""
    text = resources.files("converter.rootfs").joinpath("data/folders.toml").read_text("utf-8")
    document = tomllib.loads(text)
    return tuple(_rule(kind, table) for kind, tables in document.items() for table in tables)


def _rule(kind: str, table: Mapping[str, Any]) -> Rule:
    default = Reason.INTERPRETER if kind == "interpreter" else None
    reason = Reason(table["reason"]) if "reason" in table else default
    files, programs = table.get("files"), table.get("programs")
    return Rule(
        name=table.get("name") or table["reason"],
        reason=reason,
        interpreter=kind == "interpreter",
        open=table.get("open", False),
        owned=table.get("owned", False),
        trees=tuple(map(str.encode, table.get("trees", ()))),
        files=whole_path(map(str.encode, files)) if files else None,
        names=frozenset(map(str.encode, table.get("names", ()))),
        programs=whole_path(b"/" + each.encode() for each in programs) if programs else None,
    )


class Folders:
    """Which rule's tree each path of a tree lies in, the deepest one."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._marks: dict[bytes, Rule] = {}
        for rule in rules():
            for pattern in rule.trees:
                self._marks.update((path, rule) for path in expand(tree, pattern))
        self._files = [rule for rule in rules() if rule.files is not None]

    def each(self) -> Iterator[tuple[bytes, Rule | None]]:
        """(path, rule) of every path, in path order."""
        marks = self._marks
        inherited: dict[bytes, Rule | None] = {b"": None}
        for path, inode in self._tree.walk():
            if path == b"/":
                yield path, None
                continue
            rule = marks.get(path) or inherited[path.rpartition(b"/")[0]]
            if inode.kind is FileKind.DIRECTORY:
                inherited[path] = rule
            yield path, rule

    def used_interpreters(self, programs: Iterable[bytes]) -> frozenset[Rule]:
        """The interpreters that one of these programs or libraries is."""
        names = {b"/" + path.rpartition(b"/")[2] for path in programs}
        return frozenset(
            rule for rule in rules() if rule.programs is not None and any(map(rule.programs.fullmatch, names))
        )

    def of_name(self, path: bytes) -> Rule | None:
        """The rule whose `files` match the path of a packaged file."""
        return next((rule for rule in self._files if rule.files and rule.files.fullmatch(path)), None)
