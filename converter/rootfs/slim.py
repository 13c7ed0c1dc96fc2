"""The slim root: which paths of an image its unikernel keeps, and why each of the others goes.

What is needed stays, with the links and folders on the way to it; what no package owns stays, but for
programs and libraries that nothing reaches; of packages stays what belongs to those in use. In doubt a file
stays.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from converter.analyze.packages.model import Package, Packages
from converter.elf.census import Role, census
from converter.image.glob import expand
from converter.image.tree import FileKind, FileTree, Inode
from converter.rootfs.folders import Folders, Rule
from converter.rootfs.live import live_packages
from converter.rootfs.needs import Needs, kept_closures
from converter.rootfs.reason import Dropped, Reason
from converter.rootfs.skeleton import Skeleton

_UNUSED = {Role.PROGRAM: Reason.PROGRAM, Role.LIBRARY: Reason.LIBRARY, Role.OBJECT: Reason.DEVELOPMENT}
_LIBRARY_FOLDERS = (b"/lib/", b"/lib64/", b"/usr/lib/", b"/usr/lib64/", b"/usr/libexec/")
_PROGRAM_FOLDERS = frozenset((b"bin", b"sbin", b"games", b"libexec"))


class Files(enum.StrEnum):
    """How much of the image's root is kept: `convert --files`."""

    ALL = "all"
    SLIM = "slim"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Slimmed:
    """tree: what is left.  dropped: the rest, by path.  kept: why the needed paths are in (not all that are).
    unmatched: globs of `keep` that no path of the image matches."""

    tree: FileTree
    dropped: tuple[Dropped, ...] = ()
    kept: Mapping[bytes, str] | None = None
    unmatched: tuple[str, ...] = ()


def slim(
    tree: FileTree,
    needs: Needs,
    packages: Packages,
    *,
    files: Files = Files.SLIM,
    keep: Sequence[str] = (),
    environment: Mapping[bytes, bytes] | None = None,
) -> Slimmed:
    """Leave out of `tree` what `needs` and the rules do not ask for; `keep` are globs of paths that stay.

    `environment` is the program's, for the libraries of kept programs. Raises UsageError for a glob that is
    not absolute, SourceError when the cached layers are gone.
    """
    asked, unmatched = _asked(tree, keep)
    if files is Files.ALL:
        return Slimmed(tree, unmatched=unmatched)
    wanted = dict.fromkeys(asked, "asked for with --keep")
    wanted |= {path: why for path, why in needs.paths.items() if files is Files.SLIM or path in needs.seen}
    for path, why in kept_closures(tree, wanted, environment or {}).items():
        wanted.setdefault(path, why)
    for path in _below(tree, needs.trees) if files is Files.SLIM else ():
        wanted.setdefault(path, "named by the environment")
    chosen = _Choice(tree, needs, packages, _with_links(tree, wanted))
    verdicts = chosen.strict() if files is Files.STRICT else chosen.slim()
    owned = {path for package in chosen.live for path in package.files}
    Skeleton(tree, verdicts, chosen.needed, needs.folders, owned).settle()
    return _result(tree, verdicts, chosen.needed, unmatched)


def _asked(tree: FileTree, keep: Sequence[str]) -> tuple[list[bytes], tuple[str, ...]]:
    """All paths that the globs name, those below a folder with it; and the globs that name none."""
    found: set[bytes] = set()
    unmatched = []
    for pattern in keep:
        matches = expand(tree, pattern.encode("utf-8", "surrogateescape"))
        if not matches:
            unmatched.append(pattern)
        found.update(_below(tree, matches))
    return sorted(found), tuple(unmatched)


def _below(tree: FileTree, paths: Iterable[bytes]) -> Iterator[bytes]:
    """Canonical paths, and all that is below those of them that are folders."""
    todo = list(paths)
    while todo:
        path = todo.pop()
        yield path
        todo += [path.rstrip(b"/") + b"/" + name for name in tree.children(path)]


def _with_links(tree: FileTree, wanted: Mapping[bytes, str]) -> dict[bytes, str]:
    """Canonical paths of all that is wanted and there, and of the links that lead to it."""
    found: dict[bytes, str] = {}
    for path, why in wanted.items():
        links: list[bytes] = []
        end = tree.find(path, links=links)
        if end is not None:
            found.setdefault(end[0], why)
            for link in links:
                found.setdefault(link, why)
        elif path in tree:
            found.setdefault(path, why)
    return found


class _Choice:
    """The verdicts: path -> why it goes, or None when it stays. Links and folders are looked at
    afterwards.
    """

    def __init__(self, tree: FileTree, needs: Needs, packages: Packages, needed: Mapping[bytes, str]) -> None:
        self._tree = tree
        self._needs = needs
        self._owners = packages.owners
        self._roles = census(tree)
        self._folders = Folders(tree)
        self.needed = needed
        self._interpreters = self._folders.used_interpreters(path for path in needed if path in self._roles)
        self._rules = dict(self._folders.each())
        self._inodes = {id(tree[path]) for path in needed if tree[path].kind is FileKind.REGULAR}
        self.live = self._live(packages)

    def _live(self, packages: Packages) -> frozenset[Package]:
        modules = {path for path, rule in self._rules.items() if rule in self._interpreters}
        return live_packages(self._tree, packages, self.needed.keys() | modules, self._roles)

    def strict(self) -> dict[bytes, Reason | None]:
        return {path: None if path in self.needed else Reason.UNTOUCHED for path in self._tree}

    def slim(self) -> dict[bytes, Reason | None]:
        return {path: self._verdict(path, inode) for path, inode in self._tree.walk()}

    def _verdict(self, path: bytes, inode: Inode) -> Reason | None:
        if path in self.needed or id(inode) in self._inodes:
            return None
        rule, role = self._rules[path], self._roles.get(path)
        owners = self._owners_of(path)
        if rule is not None:
            if self._kept_by(rule, path, role):
                return None
            if (reason := self._dropped_by(rule, role, bool(owners))) is not None:
                return reason
        if not owners:
            return self._unowned(path, role)
        if (by_name := self._folders.of_name(path)) is not None:
            return by_name.reason
        if role is not None and role in _UNUSED:
            return _UNUSED[role]
        if role is Role.SCRIPT and inode.mode & 0o111 and _in_program_folder(path):
            return Reason.PROGRAM
        return None if self.live.intersection(owners) else Reason.PACKAGE

    def _owners_of(self, path: bytes) -> tuple[Package, ...]:
        """Its packages; what Python compiled at installation belongs to those of its source's folder."""
        owners = self._owners.get(path, ())
        if not owners and path.endswith(b".pyc") and (folder := path.rpartition(b"/__pycache__/")[0]):
            return self._owners.get(folder, ())
        return owners

    def _kept_by(self, rule: Rule, path: bytes, role: Role | None) -> bool:
        if rule.interpreter:
            return rule in self._interpreters and role is not Role.PROGRAM
        if rule.reason is not None or role in _UNUSED or (rule.open and not self._needs.loads):
            return False
        return not rule.names or path.rpartition(b"/")[2] in rule.names

    def _dropped_by(self, rule: Rule, role: Role | None, owned: bool) -> Reason | None:
        if rule.interpreter:
            if rule in self._interpreters:
                return Reason.PROGRAM if role is Role.PROGRAM else None
            return rule.reason if owned else None
        return rule.reason if owned or not rule.owned else None

    def _unowned(self, path: bytes, role: Role | None) -> Reason | None:
        """The author's own files stay. Of binaries: what may be run or loaded by a name that nobody knows
        yet, but not what lies where a distribution puts programs and libraries."""
        if role is Role.PROGRAM and not (self._needs.executes and not _in_program_folder(path)):
            return Reason.PROGRAM
        if role is Role.LIBRARY and not (self._needs.loads and not path.startswith(_LIBRARY_FOLDERS)):
            return Reason.LIBRARY
        return None


def _in_program_folder(path: bytes) -> bool:
    return not _PROGRAM_FOLDERS.isdisjoint(path.split(b"/")[1:-1])


def _result(
    tree: FileTree,
    verdicts: Mapping[bytes, Reason | None],
    needed: Mapping[bytes, str],
    unmatched: tuple[str, ...],
) -> Slimmed:
    kept = {path: tree[path] for path, reason in verdicts.items() if reason is None}
    counted = set(map(id, kept.values()))
    dropped = []
    for path, reason in verdicts.items():
        if reason is None:
            continue
        inode = tree[path]
        first = inode.kind is FileKind.REGULAR and id(inode) not in counted
        counted.add(id(inode))
        dropped.append(Dropped(path, reason, inode.size if first else 0))
    return Slimmed(FileTree(kept, tree.deletions), tuple(dropped), needed, unmatched)
