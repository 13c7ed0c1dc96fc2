"""Package databases: dpkg, distroless, apk and rpm, with what distributions really do in them, and hostile
ones.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Mapping
from contextlib import closing

import pytest

from converter.analyze.packages.database import read_packages
from converter.analyze.packages.dpkg import relations
from converter.analyze.packages.model import Package, Packages
from converter.image.tree import FileTree, Inode
from tests.builders.trees import directory, regular, symlink, tree_of

STATUS = b"""Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u1
Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~) | other:any
Description: GNU C Library
 a line: with a colon
Recommends: libidn2-0

Package: gone
Status: deinstall ok config-files
Version: 1

Package: dash
Essential: yes
Status: install ok installed
Architecture: amd64
Version: 0.5
Pre-Depends: libc6
Depends: debianutils
Provides: posix-shell (= 1), sh-like
"""
MERGED = {"/lib": symlink(b"usr/lib"), "/bin": symlink(b"usr/bin")}


def debian(**lists: bytes) -> FileTree:
    files: dict[str, Inode] = {
        **MERGED,
        "/usr/lib/libc.so.6": regular(b"c"),
        "/usr/bin/dash": regular(b"d"),
        "/usr/bin/sh.distrib": regular(b"s"),
        "/etc/os-release": regular(b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'),
        "/var/lib/dpkg/status": regular(STATUS),
    }
    files |= {
        f"/var/lib/dpkg/info/{name.replace('_', ':')}.list": regular(data) for name, data in lists.items()
    }
    return tree_of(files)


def by_name(found: Packages) -> Mapping[str, Package]:
    return {each.name: each for each in found.packages}


def test_dpkg_tells_what_is_installed_and_whose_files_lie_where() -> None:
    found = read_packages(
        debian(libc6_amd64=b"/.\n/lib\n/lib/libc.so.6\n/not/there\n", dash=b"/.\n/bin/dash\n")
    )
    packages = by_name(found)
    libc = packages["libc6"]
    assert sorted(packages) == ["dash", "libc6"]
    assert (libc.kind, libc.version, libc.architecture) == ("deb", "2.36-9+deb12u1", "amd64")
    assert (libc.source, libc.source_version) == ("glibc", "2.36-9")
    assert libc.depends == (("libgcc-s1",), ("libcrypt1", "other"))
    assert libc.recommends == (("libidn2-0",),)
    assert libc.files == (b"/lib", b"/usr/lib/libc.so.6")
    assert packages["dash"].essential and packages["dash"].provides == ("posix-shell", "sh-like")
    assert packages["dash"].source == "dash"
    assert [each.name for each in found.owners[b"/usr/bin/dash"]] == ["dash"]
    assert found.by_name["sh-like"] == (packages["dash"],)
    assert found.distribution is not None and found.distribution.id == "debian"
    assert found.unread == ()


def test_a_diverted_path_is_of_the_package_that_diverted_it() -> None:
    tree = debian(dash=b"/bin/sh\n", libc6=b"/bin/sh\n").with_entries(
        {
            b"/usr/bin/sh": regular(b"#"),
            b"/var/lib/dpkg/diversions": regular(b"/bin/sh\n/bin/sh.distrib\nlibc6\n"),
        }
    )
    owners = read_packages(tree).owners
    assert [each.name for each in owners[b"/usr/bin/sh"]] == ["libc6"]
    assert [each.name for each in owners[b"/usr/bin/sh.distrib"]] == ["dash"]


@pytest.mark.parametrize(
    ("field", "groups"),
    [
        ("", ()),
        ("a", (("a",),)),
        ("a (>= 1:2~), b:any | c [amd64], d", (("a",), ("b", "c"), ("d",))),
        (" , ,\n a", (("a",),)),
    ],
)
def test_relations(field: str, groups: tuple[tuple[str, ...], ...]) -> None:
    assert relations(field) == groups


def test_distroless_images_have_a_control_file_a_package() -> None:
    tree = tree_of(
        {
            "/etc/passwd": regular(b"x"),
            "/var/lib/dpkg/status.d/base": regular(
                b"Package: base-files\nVersion: 12.4\nArchitecture: amd64\n"
            ),
            "/var/lib/dpkg/status.d/base.md5sums": regular(
                b"d41d8cd98f00b204e9800998ecf8427e  etc/passwd\nshort\n"
            ),
        }
    )
    (package,) = read_packages(tree).packages
    assert (package.name, package.version, package.files) == ("base-files", "12.4", (b"/etc/passwd",))


INSTALLED = b"""C:Q1abc=
P:musl
V:1.2.5-r0
A:x86_64
L:MIT
o:musl
p:so:libc.musl-x86_64.so.1=1 cmd:ldd=1.2.5-r0
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755

P:busybox
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
o:busybox
D:so:libc.musl-x86_64.so.1 !old /bin/sh musl>=1.2
F:
F:bin
R:busybox
"""


def test_apk() -> None:
    tree = tree_of(
        {
            "/lib/apk/db/installed": regular(INSTALLED),
            "/lib/ld-musl-x86_64.so.1": regular(b"m"),
            "/bin/busybox": regular(b"b"),
        }
    )
    found = read_packages(tree)
    busybox, musl = found.packages
    assert (musl.version, musl.licence, musl.files) == (
        "1.2.5-r0",
        "MIT",
        (b"/lib", b"/lib/ld-musl-x86_64.so.1"),
    )
    assert busybox.depends == (("so:libc.musl-x86_64.so.1",), ("/bin/sh",), ("musl",))
    assert found.by_name["so:libc.musl-x86_64.so.1"] == (musl,)
    assert busybox.files == (b"/bin", b"/bin/busybox")


def header(**tags: tuple[int, object]) -> bytes:
    """An RPM header: name=(tag, strings or numbers)."""
    entries, data = b"", b""
    for tag, value in tags.values():
        if isinstance(value, str):
            kind, count, packed = 6, 1, value.encode() + b"\0"
        elif isinstance(value, list) and value and isinstance(value[0], int):
            data += bytes(-len(data) % 4)
            kind, count, packed = 4, len(value), struct.pack(f">{len(value)}I", *value)
        else:
            assert isinstance(value, list)
            kind, count, packed = 8, len(value), b"".join(each.encode() + b"\0" for each in value)
        entries += struct.pack(">IIII", tag, kind, len(data), count)
        data += packed
    return struct.pack(">II", len(tags), len(data)) + entries + data


ZLIB = header(
    name=(1000, "zlib"),
    version=(1001, "1.2.11"),
    release=(1002, "40.el9"),
    epoch=(1003, [1]),
    licence=(1014, "zlib and Boost"),
    architecture=(1022, "x86_64"),
    source=(1044, "zlib-1.2.11-40.el9.src.rpm"),
    requires=(1049, ["libc.so.6()(64bit)", "rpmlib(CompressedFileNames)", "libc.so.6()(64bit)"]),
    provides=(1047, ["libz.so.1()(64bit)", "zlib"]),
    indexes=(1116, [0, 7]),
    names=(1117, ["libz.so.1", "lost"]),
    folders=(1118, ["/lib64/"]),
)


def rpmdb(
    *blobs: bytes, schema: str = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)"
) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema)
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        connection.commit()
        return bytes(connection.serialize())


def with_rpmdb(data: bytes) -> Packages:
    files = {"/lib64": symlink(b"usr/lib64"), "/usr/lib64/libz.so.1": regular(b"z")}
    return read_packages(tree_of({**files, "/var/lib/rpm/rpmdb.sqlite": regular(data)}))


@pytest.mark.parametrize("journal", [1, 2], ids=["rollback", "wal"])
def test_rpm(journal: int) -> None:
    data = bytearray(rpmdb(ZLIB))
    data[18] = data[19] = journal  # as Fedora's is: a database that once was opened with a write-ahead log
    found = with_rpmdb(bytes(data))
    (package,) = found.packages
    assert (package.name, package.version, package.architecture) == ("zlib", "1:1.2.11-40.el9", "x86_64")
    assert (package.source, package.source_version) == ("zlib", "1.2.11-40.el9")
    assert package.licence == "zlib and Boost"
    assert package.depends == (("libc.so.6()(64bit)",),)
    assert package.files == (b"/usr/lib64/libz.so.1",)
    assert found.by_name["libz.so.1()(64bit)"] == (package,)


@pytest.mark.parametrize("name", ["Packages", "Packages.db"])
def test_older_databases_of_rpm_are_named_as_unread(name: str) -> None:
    found = read_packages(tree_of({f"/var/lib/rpm/{name}": regular(b"\0" * 4096)}))
    assert found.packages == () and len(found.unread) == 1
    assert f"/var/lib/rpm/{name}" in found.unread[0]


ENDLESS = """
CREATE VIEW Packages AS WITH RECURSIVE c(hnum, blob) AS (SELECT 1, x'00' UNION ALL SELECT hnum + 1, blob FROM
c) SELECT hnum, blob FROM c WHERE hnum < 0
"""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SQLite format 3\0",
        rpmdb(b"short"),
        rpmdb(struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF)),
        rpmdb(struct.pack(">II", 1, 4) + struct.pack(">IIII", 1000, 8, 0, 0xFFFFFFFF) + b"abc\0"),
        rpmdb(struct.pack(">II", 1, 4) + struct.pack(">IIII", 1003, 4, 0, 0xFFFFFFFF) + b"abc\0"),
        rpmdb(struct.pack(">II", 1, 4) + struct.pack(">IIII", 1000, 6, 0, 1) + b"abcd"),
        rpmdb(ZLIB)[:3000],
    ],
)
def test_hostile_databases_of_rpm_are_told(data: bytes) -> None:
    found = with_rpmdb(data)
    assert found.packages == ()
    assert len(found.unread) == 1 and found.unread[0].startswith("the database of rpm: ")


def test_a_schema_that_never_ends_is_stopped() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(ENDLESS)
        data = connection.serialize()
    assert "interrupted" in with_rpmdb(data).unread[0]


def test_many_names_of_one_large_list_do_not_multiply_it() -> None:
    one = regular(b"/a\n" * (1 << 20))
    status = b"".join(b"Package: p%d\nStatus: install ok installed\n\n" % n for n in range(60))
    lists = {f"/var/lib/dpkg/info/p{n}.list": one for n in range(60)}
    found = read_packages(tree_of({"/a": directory(), "/var/lib/dpkg/status": regular(status), **lists}))
    assert found.packages == ()
    assert "larger than any package database" in found.unread[0]


def test_links_in_circles_and_odd_bytes_are_no_error() -> None:
    tree = tree_of(
        {
            "/var/lib/dpkg/status": symlink(b"status"),
            "/lib/apk/db/installed": regular(b"P:a\xff\nV:1\nF:\xff\nR:../../x\n\nno colon\n"),
            "/etc/os-release": regular(b"ID='debian\nNAME=\xff\n=\n"),
        }
    )
    found = read_packages(tree)
    assert [each.name for each in found.packages] == ["a\\xff"]
    assert found.distribution is not None and found.distribution.id == "debian"


def test_no_database() -> None:
    found = read_packages(tree_of({"/app": regular(b"x")}))
    assert (found.packages, found.distribution, found.unread) == ((), None, ())
