"""Alpine's package database: lib/apk/db/installed (apk-tools, "Apk spec": installed database v2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from converter.analyze.packages.model import Package
from converter.analyze.packages.reading import PACKAGES_MAX, DatabaseError, Reader, text

PATHS = (b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed")  # the second: apk-tools 3
_NAME = re.compile(r"[^<>=~@]+")  # of `name>=1.2`, `so:libz.so.1=1.3`


def read_apk(reader: Reader) -> tuple[Package, ...]:
    """The installed packages; none when there is no such database. Raises DatabaseError."""
    for path in PATHS:
        if (data := reader.read(path)) is not None:
            return tuple(_packages(reader, data))
    return ()


def _packages(reader: Reader, data: bytes) -> Iterator[Package]:
    count = 0
    for paragraph in data.split(b"\n\n"):
        fields: dict[bytes, str] = {}
        files: list[bytes] = []
        folder = b""
        for line in paragraph.split(b"\n"):
            key, value = line[:2], line[2:]
            if key == b"F:":
                folder = b"/" + value if value else b""
                files.append(folder)
            elif key == b"R:":
                files.append(folder + b"/" + value)
            elif key in (b"P:", b"V:", b"A:", b"L:", b"o:", b"D:", b"p:"):
                fields[key] = text(value)
        if b"P:" not in fields:
            continue
        count += 1
        if count > PACKAGES_MAX:
            raise DatabaseError(f"it has more than {PACKAGES_MAX} packages")
        version = fields.get(b"V:", "")
        depends = (word for word in fields.get(b"D:", "").split() if not word.startswith("!"))
        yield Package(
            kind="apk",
            name=fields[b"P:"],
            version=version,
            architecture=fields.get(b"A:", ""),
            source=fields.get(b"o:", fields[b"P:"]),
            source_version=version,
            licence=fields.get(b"L:", ""),
            depends=tuple((name,) for name in map(_bare, depends) if name),
            provides=tuple(filter(None, map(_bare, fields.get(b"p:", "").split()))),
            files=reader.canonical_all(files),
        )


def _bare(word: str) -> str:
    found = _NAME.match(word)
    return found[0] if found else ""
