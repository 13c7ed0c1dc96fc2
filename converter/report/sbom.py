"""The bill of materials of a unikernel: what of the image is left in it, and our own library OS.

One value, written as CycloneDX (converter.report.sbom_cyclonedx) or SPDX (sbom_spdx). Nothing in it depends
on the clock: the time is SOURCE_DATE_EPOCH's, if that is set (reproducible-builds.org), or there is none.
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
from converter.analyze.packages.model import Distribution, Package, Packages
from converter.elf.census import Role, census
from converter.elf.closure import elf_at
from converter.elf.go_build_info import GoBuildInfo, read_go_build_info
from converter.errors import IncompatibleImageError, UsageError
from converter.image.tree import FileTree
from converter.report.contents import packages_of
from converter.report.purl import package_url

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
    """An ELF file in the root. Digests and build id are hexadecimal."""

    path: str
    sha1: str
    sha256: str
    build_id: str | None
    go: GoBuildInfo | None
    owner: str | None  # URL of its package


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """A package that owns something in the root; `depends` are URLs of others in the list."""

    url: str
    package: Package
    licences: tuple[str, ...]
    depends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """name: of the unikernel; digest: of the image it was made from; serial: a UUID that its contents
    decide.
    """

    name: str
    digest: str
    tool_version: str
    parts: tuple[str, ...]
    distribution: Distribution | None
    packages: tuple[PackageEntry, ...]
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
) -> Bill:
    """What is in `root`, which was slimmed from `image`. Reads each ELF file of it once.

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
    said = repr((name, digest, tool_version, tuple(parts), urls.values(), binaries))
    return Bill(
        name=name,
        digest=digest,
        tool_version=tool_version,
        parts=tuple(parts),
        distribution=packages.distribution,
        packages=entries,
        binaries=binaries,
        serial=str(uuid.uuid5(_NAMESPACE, said)),
        created=_source_date(),
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
    return BinaryFile(
        path=path.decode("utf-8", "backslashreplace"),
        sha1=sha1.hexdigest(),
        sha256=sha256.hexdigest(),
        build_id=build_id.hex() if build_id else None,
        go=go,
        owner=next((urls[owner] for owner in owners if owner in urls), None),
    )


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
