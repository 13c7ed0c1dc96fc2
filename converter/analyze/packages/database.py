"""Whatever package databases an image has, as one value."""

from __future__ import annotations

import shlex

from converter.analyze.packages.apk import read_apk
from converter.analyze.packages.dpkg import read_dpkg
from converter.analyze.packages.model import Distribution, Package, Packages
from converter.analyze.packages.reading import DatabaseError, Reader, text
from converter.analyze.packages.rpm import read_rpm
from converter.image.tree import FileTree

_RELEASE_MAX = 1 << 16  # bytes


def read_packages(tree: FileTree) -> Packages:
    """The packages of an image. What cannot be read is no error: it is told in `unread`.

    Raises SourceError when the cached layers are gone.
    """
    reader = Reader(tree)
    found: list[Package] = []
    unread: list[str] = []
    for kind, read in (("dpkg", read_dpkg), ("apk", read_apk)):
        try:
            found += read(reader)
        except DatabaseError as error:
            unread.append(f"the database of {kind}: {error}")
    try:
        packages, old = read_rpm(reader)
        found += packages
        unread += old
    except DatabaseError as error:
        unread.append(f"the database of rpm: {error}")
    found.sort(key=lambda each: (each.kind, each.name, each.version, each.architecture))
    return Packages(tuple(found), _distribution(reader), tuple(unread))


def _distribution(reader: Reader) -> Distribution | None:
    """os-release(5), from /etc or /usr/lib."""
    for path in (b"/etc/os-release", b"/usr/lib/os-release"):
        try:
            data = reader.read(path)
        except DatabaseError:
            continue
        if data is None or len(data) > _RELEASE_MAX:
            continue
        fields = {}
        for line in text(data).splitlines():
            name, equals, value = line.partition("=")
            if equals:
                fields[name.strip()] = _unquoted(value)
        if fields.get("ID"):
            return Distribution(
                fields["ID"],
                fields.get("VERSION_ID", ""),
                fields.get("PRETTY_NAME", ""),
                tuple(fields.get("ID_LIKE", "").split()),
            )
    return None


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value)[:1])
    except ValueError:  # a quote without its partner
        return value.strip("\"' ")
