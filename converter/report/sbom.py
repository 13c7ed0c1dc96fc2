"""The bill of materials of a unikernel: what of the image is left in it, and our own library OS.

One value, written as CycloneDX (converter.report.sbom_cyclonedx) or SPDX (sbom_spdx). Nothing in it depends
on the clock: the time is SOURCE_DATE_EPOCH's (reproducible-builds.org), or the image's own, or there is none.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.analyze.packages.copyright import licences
from converter.analyze.packages.languages.find import language_packages
from converter.analyze.packages.languages.model import LanguagePackage
from converter.analyze.packages.languages.rust import read_crates
from converter.analyze.packages.model import Distribution, Package, Packages
from converter.elf.census import Role, census
from converter.elf.closure import elf_at
from converter.elf.go_build_info import read_go_build_info
from converter.errors import IncompatibleImageError, UsageError
from converter.image.tree import FileTree
from converter.report.contents import packages_of
from converter.report.purl import language_url, package_url

_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 9562, 6.6: name space of URLs
_CHUNK = 1 << 20


class Format(enum.StrEnum):
    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"

    @classmethod
    def of(cls, path: Path) -> Format:
        """By the usual file names: `x.spdx.json` is SPDX; `x.cdx.json`, `bom.json` and all else CycloneDX."""
        return cls.SPDX if "spdx" in path.name.lower() else cls.CYCLONEDX


@dataclass(frozen=True, slots=True)
class BinaryFile:
    """An ELF file in the root. Digests and build id are hexadecimal.

    linked: Go modules and Rust crates that it was made of; go_version: of the compiler, for Go's programs
    """

    path: str
    sha1: str
    sha256: str
    build_id: str | None
    go_version: str | None
    linked: tuple[LanguagePackage, ...]
    owner: str | None  # URL of its package


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """A package that owns something in the root; `depends` are URLs of others in the list."""

    url: str
    package: Package
    licences: tuple[str, ...]
    depends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LanguageEntry:
    """A package of a programming language; `places` are the files of the image that say so.

    Without a place it is linked into programs.
    """

    url: str
    package: LanguagePackage
    places: tuple[str, ...]
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """name: of the unikernel; digest: of the image it was made from; serial: a UUID that its contents
    decide; unread: in sentences, what could not be read, so that the bill lacks it.
    """

    name: str
    digest: str
    tool_version: str
    parts: tuple[str, ...]
    distribution: Distribution | None
    packages: tuple[PackageEntry, ...]
    languages: tuple[LanguageEntry, ...]
    unread: tuple[str, ...]
    binaries: tuple[BinaryFile, ...]
    serial: str
    created: str | None  # RFC 3339, UTC


def bill_of(
    name: str,
    digest: str,
    root: FileTree,
    packages: Packages,
    image: FileTree,
    *,
    tool_version: str,
    parts: Sequence[str] = (),
    created: str = "",
) -> Bill:
    """What is in `root`, which was slimmed from `image`. Reads each ELF file of it once.

    created: when the image was made (RFC 3339), for want of SOURCE_DATE_EPOCH

    Raises UsageError when SOURCE_DATE_EPOCH is no number, SourceError when the cached layers are gone.
    """
    left = packages_of(root, packages)
    urls = {package: package_url(package, packages.distribution) for package in left}
    entries = tuple(
        PackageEntry(urls[package], package, licences(image, package), _depends(package, packages, urls))
        for package in left
    )
    binaries = tuple(
        _binary(root, path, packages.owners.get(path, ()), urls)
        for path, role in census(root).items()
        if role is not Role.SCRIPT
    )
    installed, unread = language_packages(image, root, packages.owners)
    languages = _languages([*installed, *(each for file in binaries for each in file.linked)])
    said = repr((name, digest, tool_version, tuple(parts), tuple(urls.values()), languages, binaries))
    return Bill(
        name=name,
        digest=digest,
        tool_version=tool_version,
        parts=tuple(parts),
        distribution=packages.distribution,
        packages=entries,
        languages=languages,
        unread=(*packages.unread, *unread),
        binaries=binaries,
        serial=str(uuid.uuid5(_NAMESPACE, said)),
        created=_source_date() or _moment(created),
    )


def _depends(package: Package, packages: Packages, urls: dict[Package, str]) -> tuple[str, ...]:
    names = (name for group in package.depends for name in group)
    found = {urls[each] for name in names for each in packages.by_name.get(name, ()) if each in urls}
    return tuple(sorted(found - {urls[package]}))


def _binary(root: FileTree, path: bytes, owners: tuple[Package, ...], urls: dict[Package, str]) -> BinaryFile:
    inode = root[path]
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    with root.open(inode) as stream:
        while piece := stream.read(_CHUNK):
            sha1.update(piece)
            sha256.update(piece)
        try:
            elf = elf_at(root, path, inode)
            build_id, go = elf.build_id, read_go_build_info(stream, elf)
        except IncompatibleImageError:  # for another machine, or an object: not ours to judge
            build_id = go = None
        crates = read_crates(stream, inode.size)
    modules = [_module(each.path, each.version) for each in go.modules] if go else []
    return BinaryFile(
        path=path.decode("utf-8", "backslashreplace"),
        sha1=sha1.hexdigest(),
        sha256=sha256.hexdigest(),
        build_id=build_id.hex() if build_id else None,
        go_version=go.version if go else None,
        linked=(*modules, *crates),
        owner=next((urls[owner] for owner in owners if owner in urls), None),
    )


def _module(path: str, version: str) -> LanguagePackage:
    namespace, _, short = path.rpartition("/")
    return LanguagePackage("golang", namespace, short, version)


def _languages(packages: Sequence[LanguagePackage]) -> tuple[LanguageEntry, ...]:
    """One entry a URL, sorted: npm for one has many copies of a package in an image."""
    by_url: dict[str, list[LanguagePackage]] = {}
    for package in packages:
        by_url.setdefault(language_url(package), []).append(package)
    return tuple(
        LanguageEntry(
            url,
            group[0],
            tuple(sorted({each.place.decode("utf-8", "backslashreplace") for each in group} - {""})),
            tuple(sorted({licence for each in group for licence in each.licences})),
        )
        for url, group in sorted(by_url.items())
    )


def _moment(created: str) -> str | None:
    """An image's own date, in seconds; None for none, or nonsense."""
    try:
        moment = datetime.datetime.fromisoformat(created)
        return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _source_date() -> str | None:
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    try:
        moment = datetime.datetime.fromtimestamp(int(text), datetime.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {text!r}, not a number of seconds",
            hint="unset it, or set it to the seconds since 1970 that the result shall bear",
        ) from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
