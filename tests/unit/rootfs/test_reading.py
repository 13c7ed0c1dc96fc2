"""The reader gives back what the writer wrote, and bounded errors for everything else."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import pytest

from converter.image.tree import FileKind, FileTree, Inode
from converter.rootfs import ondisk
from converter.rootfs.erofs import write_root
from converter.rootfs.layout import plan
from converter.rootfs.reading import CorruptRootError, read_root
from tests.builders.trees import directory, regular, symlink, tree_of

SHARED = regular(b"twice", 0o755)
TREE = tree_of(
    {
        "/usr/bin/a": SHARED,
        "/usr/bin/b": SHARED,
        "/bin": symlink(b"usr/bin"),
        "/long": symlink(b"x" * 4000),
        "/owned": regular(
            os.urandom(9000), 0o4711, uid=100_000, gid=7, mtime=12, xattrs={"user.a": b"v" * 50}
        ),
        "/empty": regular(),
        "/dev/null": Inode(FileKind.CHARACTER, 0o666, rdev=(1, 3)),
        "/pipe": Inode(FileKind.FIFO, 0o600),
        "/deep/in/there": directory(0o700),
        **{f"/many/{number:05}-{'n' * 60}": regular(b"%d" % number) for number in range(2000)},
    }
)


def written(tree: FileTree, path: Path, before: int = 0) -> tuple[Path, int, int]:
    out = io.BytesIO()
    write_root(plan(tree), out)
    data = out.getvalue()
    path.write_bytes(bytes(before) + data)
    return path, before, len(data)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    found = read_root(*written(TREE, tmp_path / "x", 12_288))
    assert list(found) == list(TREE)
    for path, inode in TREE.items():
        there = found[path]
        assert (there.kind, there.mode, there.uid, there.gid, there.size, there.target) == (
            inode.kind, inode.mode, inode.uid, inode.gid, inode.size, inode.target,
        )  # fmt: skip
        if inode.kind is FileKind.REGULAR:
            assert found.read(there) == TREE.read(inode)
    assert found[b"/usr/bin/a"] is found[b"/usr/bin/b"]


def test_an_image_that_is_cut_or_none(tmp_path: Path) -> None:
    path, offset, size = written(TREE, tmp_path / "x")
    for wrong in (100, 4096, size // 2):
        with pytest.raises(CorruptRootError):
            read_root(path, offset, wrong)
    with pytest.raises(CorruptRootError, match="no superblock"):
        read_root(path, 4096, size - 4096)


def test_damaged_images_give_an_error_or_a_tree_and_nothing_else(tmp_path: Path) -> None:
    path, offset, size = written(tree_of({"/a/b": regular(b"x"), "/c": symlink(b"a")}), tmp_path / "x")
    good = path.read_bytes()
    chance = random.Random(1)
    outcomes = set()
    for _ in range(400):
        data = bytearray(good)
        for _ in range(3):
            data[chance.randrange(ondisk.SUPER_OFFSET, size)] = chance.randrange(256)
        path.write_bytes(data)
        try:
            read_root(path, offset, size)
            outcomes.add("tree")
        except CorruptRootError:
            outcomes.add("error")
    assert outcomes == {"tree", "error"}


def test_folders_that_hold_each_other(tmp_path: Path) -> None:
    path, offset, size = written(tree_of({"/a": directory()}), tmp_path / "x")
    data = bytearray(path.read_bytes())
    root = ondisk.unpack_super(data[ondisk.SUPER_OFFSET :][: ondisk.SUPER_SIZE])
    assert root is not None
    at = data.index(b"...a") - 3 * ondisk.DIRENT_SIZE  # the names `.`, `..` and `a`
    start = at + 2 * ondisk.DIRENT_SIZE
    data[start : start + 8] = root.to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(CorruptRootError, match="a name is none"):
        read_root(path, offset, size)
