"""What is in a file tree, counted: the same figures for the container's root and for the unikernel's."""

from __future__ import annotations

from dataclasses import dataclass

from converter.analyze.packages.model import Package, Packages
from converter.elf.census import Role, census
from converter.image.tree import FileKind, FileTree

# shells(5): what distributions put there, and the names by which others are found.
SHELLS = frozenset(
    b"sh bash dash ash ksh ksh93 mksh lksh zsh fish csh tcsh rbash yash pwsh nu elvish xonsh".split()
)
_SETID = 0o6000
_EXECUTABLE = 0o111


@dataclass(frozen=True, slots=True)
class Contents:
    """Counts of a tree; a file with several names (hard links) counts once, but for `paths`.

    bytes:     contents of regular files
    paths:     names of any kind, folders among them
    files:     regular files
    binaries:  ELF files: programs, libraries and objects
    programs, libraries: those of them
    packages:  that own at least one file or link that is there
    shells:    programs that a shell's name leads to
    setuid:    executable files with the set-user-ID or set-group-ID bit
    """

    bytes: int
    paths: int
    files: int
    binaries: int
    programs: int
    libraries: int
    packages: int
    shells: int
    setuid: int


def contents(tree: FileTree, packages: Packages) -> Contents:
    """Count `tree`. One short read a file, some 10 us. Raises SourceError when the cached layers are gone."""
    regular = {id(inode): inode for inode in tree.values() if inode.kind is FileKind.REGULAR}
    roles = census(tree)
    by_inode = {id(tree[path]): role for path, role in roles.items()}
    counted = list(by_inode.values())
    programs, libraries = counted.count(Role.PROGRAM), counted.count(Role.LIBRARY)
    return Contents(
        bytes=sum(inode.size for inode in regular.values()),
        paths=len(tree),
        files=len(regular),
        binaries=programs + libraries + counted.count(Role.OBJECT),
        programs=programs,
        libraries=libraries,
        packages=len(packages_of(tree, packages)),
        shells=_shells(tree, by_inode),
        setuid=sum(bool(inode.mode & _SETID and inode.mode & _EXECUTABLE) for inode in regular.values()),
    )


def packages_of(tree: FileTree, packages: Packages) -> tuple[Package, ...]:
    """Those that own a file in `tree`, or a link: not one that stands for a folder of many (/bin ->
    usr/bin).
    """
    return tuple(package for package in packages.packages if _is_in(package, tree, packages))


def _is_in(package: Package, tree: FileTree, packages: Packages) -> bool:
    for path in package.files:
        kind = tree[path].kind if path in tree else FileKind.DIRECTORY
        if kind is FileKind.REGULAR or (kind is FileKind.SYMLINK and len(packages.owners[path]) == 1):
            return True
    return False


def _shells(tree: FileTree, roles: dict[int, Role]) -> int:
    found = set()
    for path in tree:
        end = tree.find(path) if path.rpartition(b"/")[2] in SHELLS else None
        if end is not None and roles.get(id(end[1])) is Role.PROGRAM:
            found.add(id(end[1]))
    return len(found)
