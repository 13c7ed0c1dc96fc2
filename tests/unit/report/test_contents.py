"""Counting a tree: hard links once, shells by whatever name, packages by what is left of them."""

from __future__ import annotations

from converter.analyze.packages.model import Package, Packages
from converter.image.tree import FileKind, Inode
from converter.report.contents import Contents, contents, packages_of
from tests.builders.elves import EXEC, elf
from tests.builders.trees import directory, program, regular, symlink, tree_of

STATIC = elf(kind=EXEC, entry=0x400040, dynamic=False)


def test_everything_is_counted_once() -> None:
    busybox = regular(STATIC, 0o4755)
    tree = tree_of(
        {
            "/bin/busybox": busybox,
            "/bin/ls": busybox,
            "/bin/sh": symlink(b"busybox"),
            "/bin/ash": symlink(b"/bin/sh"),
            "/bin/bash": program(STATIC),
            "/bin/zsh": symlink(b"gone"),
            "/usr/share/doc/bash": regular(b"a text"),
            "/bin/fish": program(b"#!/bin/sh\n"),
            "/bin/wall": regular(b"#!/bin/sh\n", 0o2755),
            "/lib/libx.so.1": regular(elf(soname=b"libx.so.1")),
            "/lib/x.o": regular(elf(kind=1)),
            "/tmp": directory(0o1777),
            "/data": regular(b"x" * 1000, 0o4644),
            "/dev/null": Inode(FileKind.CHARACTER, 0o666, rdev=(1, 3)),
        }
    )
    package = Package("deb", "bash", "1", files=(b"/bin", b"/bin/bash"))
    gone = Package("deb", "gone", "1", files=(b"/bin", b"/bin/gone"))
    found = contents(tree, Packages((package, gone)))
    sizes = 2 * len(STATIC) + len(elf(soname=b"libx.so.1")) + len(elf(kind=1)) + len(b"a text") + 20 + 1000
    assert found == Contents(
        bytes=sizes,
        paths=len(tree),
        files=8,
        binaries=4,
        programs=2,
        libraries=1,
        packages=1,
        shells=2,
        setuid=2,
    )
    assert packages_of(tree, Packages((package, gone))) == (package,)
