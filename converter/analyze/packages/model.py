"""Installed packages as values, the same for every package manager."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """One installed package; two are the same only if they are one object, which makes sets of them cheap.

    kind:     deb, apk or rpm: the type of its package URL (purl-spec)
    version:  as the distribution writes it, with epoch and release
    source:   name of the source package it was built from, with `source_version`
    licence:  as the database says it, "" when it does not
    depends:  names it cannot do without: of each group one is enough; without versions
    recommends: the same, of what it works better with
    provides: other names (virtual packages, sonames) that it answers to
    files:    canonical paths in the tree; what the database lists and the tree lacks is left out
    """

    kind: str
    name: str
    version: str
    architecture: str = ""
    source: str = ""
    source_version: str = ""
    licence: str = ""
    essential: bool = False
    depends: tuple[tuple[str, ...], ...] = ()
    recommends: tuple[tuple[str, ...], ...] = ()
    provides: tuple[str, ...] = ()
    files: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """What os-release(5) says; `like` are the distributions it descends from."""

    id: str
    version: str = ""
    name: str = ""
    like: tuple[str, ...] = ()


@dataclass(frozen=True)
class Packages:
    """All packages of an image, sorted by kind, name, version and architecture.

    unread: one sentence for each database that is there and could not be read whole
    """

    packages: tuple[Package, ...] = ()
    distribution: Distribution | None = None
    unread: tuple[str, ...] = ()

    @functools.cached_property
    def owners(self) -> Mapping[bytes, tuple[Package, ...]]:
        """Canonical path -> its packages. A file has one as a rule, a folder often many."""
        found: dict[bytes, tuple[Package, ...]] = {}
        for package in self.packages:
            for path in package.files:
                before = found.get(path)
                found[path] = (package,) if before is None else (*before, package)
        return found

    @functools.cached_property
    def by_name(self) -> Mapping[str, tuple[Package, ...]]:
        """Name, real or provided -> packages that answer to it, those of that real name first."""
        found: dict[str, list[Package]] = {}
        for package in self.packages:
            found.setdefault(package.name, []).append(package)
        for package in self.packages:
            for name in dict.fromkeys(package.provides):
                if name != package.name:
                    found.setdefault(name, []).append(package)
        return {name: tuple(group) for name, group in found.items()}
