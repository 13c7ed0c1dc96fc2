"""An image's tree in a folder: everything stays inside, whatever the tree says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from converter.errors import IncompatibleImageError, RunError
from converter.image.tree import FileKind, Inode, Span
from converter.trace.unpack import Owners, unpack
from tests.builders.trees import directory, regular, symlink, tree_of


def test_contents_modes_and_links(tmp_path: Path) -> None:
    shared = regular(b"shared", 0o640)
    tree = tree_of(
        {
            "/a/file": regular(b"text", 0o751),
            "/a/hard": shared,
            "/b/hard": shared,
            "/b/link": symlink(b"../a/file"),
            "/b/closed": directory(0o511),
            "/b/closed/in": regular(b"x"),
        }
    )
    unpack(tree, tmp_path, None)
    assert (tmp_path / "b/link").read_bytes() == b"text"
    assert (tmp_path / "a/file").stat().st_mode & 0o7777 == 0o751
    assert (tmp_path / "a/hard").stat().st_ino == (tmp_path / "b/hard").stat().st_ino
    assert (tmp_path / "b/closed").stat().st_mode & 0o7777 == 0o511
    assert (tmp_path / "b/closed").stat().st_uid == os.geteuid()


def test_a_hostile_tree_writes_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    target = os.fsencode(outside)
    tree = tree_of(
        {
            "/away": symlink(target),
            "/up": symlink(b"../outside"),
            "/etc": symlink(target),
            "/proc": symlink(target),
            "/dev": symlink(target + b"/dev"),
            "/sys": regular(b"not a folder"),
            "/line\nbreak": regular(b"1"),
            "/\xff\xfe": regular(b"2"),
            "/suid": regular(b"3", 0o6755),
            "/disk": Inode(FileKind.BLOCK, 0o666, rdev=(8, 0)),
            "/null": Inode(FileKind.CHARACTER, 0o666, rdev=(1, 3)),
            "/fifo": Inode(FileKind.FIFO, 0o644),
        }
    )
    unpack(tree, root, None)
    assert list(outside.iterdir()) == []
    names = sorted(os.fsencode(path.name) for path in root.iterdir())
    expected = [b"away", b"dev", b"etc", b"fifo", b"line\nbreak", b"proc", b"suid", b"sys", b"up"]
    assert names == sorted([*expected, "\xff\xfe".encode()])
    assert (root / "away").is_symlink()
    for mounted in ("proc", "dev", "sys"):
        assert stat.S_ISDIR((root / mounted).lstat().st_mode)
    assert (root / "suid").stat().st_mode & 0o7000 == 0
    assert (root / "fifo").is_fifo()


def test_a_huge_sparse_file_takes_no_room(tmp_path: Path) -> None:
    size = 1 << 40
    inode = Inode(FileKind.REGULAR, size=size, spans=(Span(size - 4, 4, data=b"tail"),))
    unpack(tree_of({"/sparse": inode}), tmp_path, None)
    found = (tmp_path / "sparse").stat()
    assert (found.st_size, found.st_blocks * 512 < 1 << 20) == (size, True)
    with (tmp_path / "sparse").open("rb") as file:
        file.seek(-4, os.SEEK_END)
        assert file.read() == b"tail"


def test_a_tree_that_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    size = 1 << 60
    inode = Inode(FileKind.REGULAR, size=size, spans=(Span(0, size, blob=tmp_path / "none"),))
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(RunError, match="MiB are free"):
        unpack(tree_of({"/a": regular(b"x"), "/big": inode}), root, None)
    assert list(root.iterdir()) == []


def test_a_name_that_no_file_system_takes(tmp_path: Path) -> None:
    with pytest.raises(IncompatibleImageError, match="cannot be laid out"):
        unpack(tree_of({"/" + "n" * 300: regular(b"x")}), tmp_path, None)


def test_hosts_is_written_when_the_image_has_none(tmp_path: Path) -> None:
    unpack(tree_of({"/etc/hosts": regular(b"")}), tmp_path, None)
    assert "localhost" in (tmp_path / "etc/hosts").read_text()


def test_owners() -> None:
    assert [Owners(1000, 100).of(number) for number in (0, 99)] == [1000, 1099]
    assert Owners(1000, 1 << 20).of(1 << 21) == 1000 + 65534
