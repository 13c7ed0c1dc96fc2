"""Debian's package database: /var/lib/dpkg (dpkg(1), FILES; deb-control(5)), and that of distroless images.

Distroless images have no `status` file: each package has a control file of its own in `status.d`, and beside
it NAME.md5sums, whose paths are its files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from converter.analyze.packages.model import Package
from converter.analyze.packages.reading import PACKAGES_MAX, DatabaseError, Reader, text

FOLDER = b"/var/lib/dpkg"
_RELATION = re.compile(r"\s*([^\s(:\[]+)")  # name[:architecture] [(version)]
_SOURCE = re.compile(r"(\S+)(?:\s+\(([^)]*)\))?")
_WANTED = frozenset(
    b"Package Status Version Architecture Source Essential Depends Pre-Depends Recommends Provides".split()
)
_Diversions = Mapping[bytes, tuple[bytes, str]]


def read_dpkg(reader: Reader) -> tuple[Package, ...]:
    """The installed packages; none when there is no such database. Raises DatabaseError."""
    status = reader.read(FOLDER + b"/status")
    found = list(_installed(reader, status)) if status is not None else []
    found += _distroless(reader)
    return tuple(found)


def stanzas(data: bytes) -> Iterator[dict[bytes, str]]:
    """Control paragraphs (deb822(5)): the fields that are wanted here, continuation lines joined."""
    current: dict[bytes, str] = {}
    name = b""
    count = 0
    for line in data.split(b"\n"):
        if not line.strip():
            if current:
                yield current
                count += 1
                if count > PACKAGES_MAX:
                    raise DatabaseError(f"it has more than {PACKAGES_MAX} packages")
            current, name = {}, b""
        elif line[:1] in (b" ", b"\t"):
            if name in current:
                current[name] += "\n" + text(line)
        else:
            name, _, value = line.partition(b":")
            if name in _WANTED:
                current[name] = text(value)
    if current:
        yield current


def _installed(reader: Reader, status: bytes) -> Iterator[Package]:
    lists = {path.rpartition(b"/")[2]: inode for path, inode in reader.folder(FOLDER + b"/info")}
    diversions = _diversions(reader)
    for stanza in stanzas(status):
        name = stanza.get(b"Package", "")
        state = stanza.get(b"Status", "").split()
        if not name or state[-1:] not in (["installed"], ["triggers-awaited"], ["triggers-pending"]):
            continue
        key = name.encode()
        inode = lists.get(key + b":" + stanza.get(b"Architecture", "").encode() + b".list")
        inode = inode or lists.get(key + b".list")
        listed = reader.contents(inode).split(b"\n") if inode is not None else []
        if diversions:
            listed = [_lies_at(path, name, diversions) for path in listed]
        yield _package(stanza, reader.canonical_all(listed))


def _distroless(reader: Reader) -> Iterator[Package]:
    found = dict(reader.folder(FOLDER + b"/status.d"))
    for path, inode in found.items():
        if path.endswith(b".md5sums"):
            continue
        for stanza in stanzas(reader.contents(inode)):
            sums = found.get(path + b".md5sums")
            lines = reader.contents(sums).split(b"\n") if sums is not None else []
            files = [b"/" + line[34:] for line in lines if len(line) > 34]  # 32 digits and two blanks
            if stanza.get(b"Package"):
                yield _package(stanza, reader.canonical_all(files))


def _package(stanza: Mapping[bytes, str], files: tuple[bytes, ...]) -> Package:
    version = stanza.get(b"Version", "")
    source = _SOURCE.match(stanza.get(b"Source", ""))
    depends = ", ".join(filter(None, (stanza.get(b"Pre-Depends"), stanza.get(b"Depends"))))
    return Package(
        kind="deb",
        name=stanza[b"Package"],
        version=version,
        architecture=stanza.get(b"Architecture", ""),
        source=source[1] if source else stanza[b"Package"],
        source_version=(source[2] or version) if source else version,
        essential=stanza.get(b"Essential") == "yes",
        depends=relations(depends),
        recommends=relations(stanza.get(b"Recommends", "")),
        provides=tuple(group[0] for group in relations(stanza.get(b"Provides", ""))),
        files=files,
    )


def relations(field: str) -> tuple[tuple[str, ...], ...]:
    """`a (>= 1), b | c:any` as (("a",), ("b", "c")): Debian Policy 7.1, without versions."""
    groups = []
    for group in field.split(","):
        names = (_RELATION.match(each) for each in group.split("|"))
        if found := tuple(name[1] for name in names if name):
            groups.append(found)
    return tuple(groups)


def _diversions(reader: Reader) -> _Diversions:
    """Path -> (where it lies instead, the package that keeps the path): dpkg-divert(1), three lines each."""
    data = reader.read(FOLDER + b"/diversions")
    lines = data.split(b"\n") if data is not None else []
    triples = zip(lines[0::3], lines[1::3], lines[2::3], strict=False)
    return {path: (other, text(package)) for path, other, package in triples}


def _lies_at(path: bytes, package: str, diversions: _Diversions) -> bytes:
    other = diversions.get(path)
    return path if other is None or other[1] == package else other[0]
