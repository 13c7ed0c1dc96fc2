"""Which packages are used: those that own what is needed, and what these depend on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from converter.analyze.packages.model import Package, Packages
from converter.elf.census import Role
from converter.image.tree import FileKind, FileTree

_BINARY = (Role.PROGRAM, Role.LIBRARY)

# Packages that work when others are installed, and not when they run: dependencies that end there.
_MAINTENANCE = frozenset(
    """
    adduser alpine-baselayout alpine-baselayout-data alpine-keys alpine-release apk-tools apt apt-utils
    cdebconf debconf debconf-i18n debian-archive-keyring debianutils dnf dpkg dpkg-dev gpgv
    init-system-helpers insserv libapt-pkg6.0 libpam-runtime lsb-base microdnf passwd perl-base perl rpm
    systemd systemd-sysv sysvinit-utils tzdata ubuntu-keyring ucf yum
    """.split()
)


def live_packages(
    tree: FileTree, packages: Packages, needed: Collection[bytes], roles: Mapping[bytes, Role]
) -> frozenset[Package]:
    """The packages whose data a slim root keeps.

    A package is live when it owns a needed path, or when a live one depends on it; dependencies end at
    essential packages and at those of maintenance, unless something of theirs is needed itself. What is
    recommended, and what was installed in a layer above the first, is live if it has no programs and
    libraries of its own: then it is data that somebody asked for.
    """
    files = (path for path in needed if tree[path].kind is FileKind.REGULAR)
    live = {package for path in files for package in packages.owners.get(path, ())}
    plain = {each for each in packages.packages if not any(roles.get(path) in _BINARY for path in each.files)}
    live |= {each for each in plain if _layer(tree, each) > 0 and not _ends(each)}
    todo = sorted(live, key=lambda each: (each.kind, each.name, each.architecture))
    while todo:
        package = todo.pop()
        wanted = _named(packages, package.depends) | (_named(packages, package.recommends) & plain)
        fresh = {each for each in wanted if each not in live and not _ends(each)}
        live |= fresh
        todo += fresh
    return frozenset(live)


def _named(packages: Packages, groups: tuple[tuple[str, ...], ...]) -> set[Package]:
    """By name or what they provide; a path (/bin/sh), as RPM and apk may have it, by its owner."""
    names = {name for group in groups for name in group}
    found = {each for name in names for each in packages.by_name.get(name, ())}
    return found | {each for name in names if "/" in name for each in packages.owners.get(name.encode(), ())}


def _ends(package: Package) -> bool:
    return package.essential or package.name in _MAINTENANCE


def _layer(tree: FileTree, package: Package) -> int:
    """The layer most of its files lie in, -1 when it has none."""
    layers = Counter(
        inode.layer for inode in map(tree.__getitem__, package.files) if inode.kind is FileKind.REGULAR
    )
    return min(layers, key=lambda layer: (-layers[layer], layer)) if layers else -1
