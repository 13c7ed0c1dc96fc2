"""RPM's package database in SQLite: rpmdb.sqlite (rpm 4.16 and later; Fedora 33, RHEL 9, SUSE with sqlite).

Older ones are Berkeley DB (`Packages`) or rpm's own ndb (`Packages.db`); neither has a reader in Python's
standard library, and so they are named as unread instead.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from converter.analyze.packages.model import Package
from converter.analyze.packages.reading import PACKAGES_MAX, DatabaseError, Reader
from converter.analyze.packages.rpm_header import Header, parse_header

FOLDERS = (b"/var/lib/rpm", b"/usr/lib/sysimage/rpm", b"/usr/share/rpm")
_OLD = {b"Packages": "Berkeley DB", b"Packages.db": "rpm's ndb"}
_INSTRUCTIONS = 10_000_000  # of SQLite's virtual machine; 5,000 packages take under 100,000
_JOURNAL = slice(18, 20)  # write and read version, 2 for WAL (SQLite file format, 1.3.3)


def read_rpm(reader: Reader) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    """(packages, why others could not be read); both empty when there is no such database.

    Raises DatabaseError.
    """
    unread = []
    for folder in FOLDERS:
        data = reader.binary(folder + b"/rpmdb.sqlite")
        if data is not None:
            return tuple(_package(reader, header) for header in _headers(data)), ()
        for name, kind in _OLD.items():
            if reader.canonical(folder + b"/" + name) is not None:
                unread.append(f"{(folder + b'/' + name).decode()}: {kind} is not read, only rpmdb.sqlite is")
    return (), tuple(dict.fromkeys(unread))


def _headers(data: bytes) -> Iterator[Header]:
    """Every package header of the database, which is opened in memory and never written."""
    if not hasattr(sqlite3.Connection, "deserialize"):
        raise DatabaseError("this Python's SQLite cannot open a database in memory")
    image = bytearray(data)
    image[_JOURNAL] = b"\1\1"[: len(image[_JOURNAL])]  # a WAL database cannot be deserialized
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(bytes(image))
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            left = _INSTRUCTIONS // 1000

            def exhausted() -> bool:
                nonlocal left
                left -= 1
                return left < 0

            connection.set_progress_handler(exhausted, 1000)  # a hostile schema may not run for ever
            rows = connection.execute("SELECT blob FROM Packages LIMIT ?", (PACKAGES_MAX,))
            for (blob,) in rows:
                if isinstance(blob, bytes):
                    yield parse_header(blob)
    except (sqlite3.Error, MemoryError, OverflowError) as error:
        raise DatabaseError(f"SQLite cannot read it: {error}") from error


def _package(reader: Reader, header: Header) -> Package:
    version, release, epoch = header.string("version"), header.string("release"), header.number("epoch")
    full = f"{version}-{release}" if release else version
    requires = (name for name in header.strings("requires") if not name.startswith(("rpmlib(", "config(")))
    return Package(
        kind="rpm",
        name=header.string("name"),
        version=full if epoch is None else f"{epoch}:{full}",
        architecture=header.string("architecture"),
        source=_source_name(header.string("source")),
        source_version=full,
        licence=header.string("licence"),
        depends=tuple((name,) for name in dict.fromkeys(requires)),
        recommends=tuple((name,) for name in dict.fromkeys(header.strings("recommends"))),
        provides=tuple(dict.fromkeys(header.strings("provides"))),
        files=reader.canonical_all(header.files()),
    )


def _source_name(file: str) -> str:
    """`zlib-1.2.11-40.el9.src.rpm` -> `zlib`."""
    return file.rsplit("-", 2)[0] if file.count("-") >= 2 else file
