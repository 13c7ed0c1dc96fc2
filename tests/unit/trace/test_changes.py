"""What was changed in a laid-out tree is in the tree that is read back, and nothing else is different."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from converter.analyze.users import Credentials
from converter.image.tree import FileKind, FileTree
from converter.trace import contents
from converter.trace.changes import Changes
from converter.trace.contents import KeptContents, TooMuchChanged
from converter.trace.unpack import Owners, unpack
from tests.builders.trees import directory, program, regular, symlink, tree_of

USER = Credentials(uid=70, gid=71)
SHARED = regular(b"shared", mtime=5)
TREE = tree_of(
    {
        "/bin/prog": program(b"\x7fELF", mtime=7),
        "/etc/conf": regular(b"old", 0o640, uid=3, gid=4, mtime=9),
        "/etc/hard": SHARED,
        "/srv/hard": SHARED,
        "/srv/sub/a": regular(b"a", mtime=1),
        "/srv/sub/b": regular(b"b", mtime=1),
        "/run": directory(),
        "/var/run": symlink(b"/run"),
        "/suid": regular(b"s", 0o4755, mtime=1),
    }
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache/trace/contents"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def laid_out(root: Path, tree: FileTree = TREE, owners: Owners | None = None) -> Changes:
    unpack(tree, root, owners)
    return Changes(tree, root, owners, USER, KeptContents())


def test_nothing_changed(root: Path, cache: Path) -> None:
    changes = laid_out(root)
    assert dict(changes.read()) == dict(TREE)
    assert changes.paths == ()
    assert not cache.exists()


def test_files_that_were_made_changed_and_removed(root: Path) -> None:
    changes = laid_out(root)
    (root / "etc/conf").write_bytes(b"new contents")
    (root / "srv/made").write_bytes(b"made")
    (root / "srv/made").chmod(0o600)
    (root / "srv/link").symlink_to("/etc/shadow")
    (root / "srv/empty/deep").mkdir(parents=True)
    (root / "bin/prog").unlink()
    tree = changes.read()
    expected = (b"/bin/prog", b"/etc/conf", b"/srv/empty", b"/srv/empty/deep", b"/srv/link", b"/srv/made")
    assert changes.paths == expected
    assert b"/bin/prog" not in tree
    conf, made = tree[b"/etc/conf"], tree[b"/srv/made"]
    assert tree.read(conf) == b"new contents"
    assert (conf.mode, conf.mtime) == (0o640, 0)
    assert (tree.read(made), made.mode, made.uid, made.gid) == (b"made", 0o600, 70, 71)
    assert (tree[b"/srv/link"].kind, tree[b"/srv/link"].target) == (FileKind.SYMLINK, b"/etc/shadow")
    assert tree[b"/srv/empty/deep"].kind is FileKind.DIRECTORY
    assert all(tree[path] is TREE[path] for path in TREE if path not in expected)


def test_a_change_of_the_mode_keeps_contents_and_times(root: Path, cache: Path) -> None:
    changes = laid_out(root)
    (root / "etc/conf").chmod(0o600)
    conf = changes.read()[b"/etc/conf"]
    assert (conf.mode, conf.spans, conf.mtime) == (0o600, TREE[b"/etc/conf"].spans, 9)
    assert (conf.uid, conf.gid) == (3, 4)
    assert not cache.exists()


def test_a_renamed_folder_brings_what_is_in_it(root: Path) -> None:
    changes = laid_out(root)
    (root / "srv/sub").rename(root / "srv/moved")
    tree = changes.read()
    assert b"/srv/sub" not in tree
    assert b"/srv/sub/a" not in tree
    assert tree[b"/srv/moved/a"] is TREE[b"/srv/sub/a"]


def test_other_kinds_in_the_place_of_folders_and_links(root: Path) -> None:
    changes = laid_out(root)
    (root / "var/run").unlink()
    (root / "var/run").mkdir()
    (root / "var/run/pid").write_bytes(b"1")
    (root / "srv/sub/a").unlink()
    (root / "srv/sub/b").unlink()
    (root / "srv/sub").rmdir()
    (root / "srv/sub").write_bytes(b"a file now")
    tree = changes.read()
    assert tree.read(tree[b"/var/run/pid"]) == b"1"
    assert tree.read(tree[b"/srv/sub"]) == b"a file now"
    assert b"/srv/sub/a" not in tree


def test_hard_links_stay_one_inode(root: Path) -> None:
    changes = laid_out(root)
    (root / "etc/hard").write_bytes(b"more of it")
    os.link(root / "etc/conf", root / "etc/second")
    tree = changes.read()
    assert tree[b"/etc/hard"] is tree[b"/srv/hard"]
    assert tree.read(tree[b"/srv/hard"]) == b"more of it"
    assert tree[b"/etc/second"] is tree[b"/etc/conf"] is TREE[b"/etc/conf"]


def test_holes_are_not_kept(root: Path, cache: Path) -> None:
    changes = laid_out(root)
    size = 1 << 40
    with (root / "srv/sparse").open("wb") as file:
        file.truncate(size)
        file.seek(1 << 30)
        file.write(b"here")
    inode = changes.read()[b"/srv/sparse"]
    assert inode.size == size
    with TREE.open(inode) as stream:
        stream.seek((1 << 30) - 1)
        assert stream.read(6) == b"\0here\0"
    assert sum(path.stat().st_size for path in cache.iterdir()) < 1 << 20


def test_the_latest_look_counts_and_nothing_is_copied_twice(root: Path) -> None:
    kept = KeptContents()
    unpack(TREE, root, None)
    changes = Changes(TREE, root, None, USER, kept)
    (root / "srv/first").write_bytes(b"1" * 1000)
    (root / "srv/passing").write_bytes(b"2")
    first = changes.read()
    (root / "srv/passing").unlink()
    (root / "srv/second").write_bytes(b"3")
    second = changes.read()
    assert b"/srv/passing" in first
    assert changes.paths == (b"/srv/first", b"/srv/second")
    assert second[b"/srv/first"] is first[b"/srv/first"]
    assert kept.length == 1002


@pytest.mark.skipif(os.geteuid() != 0, reason="owners need root")
def test_owners_are_the_images(root: Path) -> None:
    changes = laid_out(root, owners=Owners(500_000, 1000))
    os.chown(root / "etc/conf", 500_042, 500_043)
    (root / "srv/made").write_bytes(b"")
    os.chown(root / "srv/made", 500_000, 500_001)
    (root / "srv/strange").write_bytes(b"")  # the host's root is nobody in there
    os.chown(root / "suid", 500_005, 500_000)
    tree = changes.read()
    owners = {path: (tree[path].uid, tree[path].gid) for path in changes.paths}
    assert owners == {
        b"/etc/conf": (42, 43),
        b"/srv/made": (0, 1),
        b"/srv/strange": (65534, 65534),
        b"/suid": (5, 0),
    }
    assert tree[b"/suid"].mode == 0o755
    assert tree.read(tree[b"/etc/conf"]) == b"old"


def test_sockets_and_what_the_sandbox_mounts_are_not_read(root: Path) -> None:
    changes = laid_out(root)
    (root / "proc").mkdir()
    (root / "proc/x").write_bytes(b"")
    os.mkfifo(root / "run/pipe")
    os.mknod(root / "run/socket", 0o140600)
    changes.read()
    assert changes.paths == (b"/run/pipe",)


def test_links_that_lead_out_are_not_followed(root: Path, tmp_path: Path) -> None:
    changes = laid_out(root)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "srv/away").symlink_to(outside)
    (root / "srv/file").symlink_to(outside / "secret")
    tree = changes.read()
    assert changes.paths == (b"/srv/away", b"/srv/file")
    assert tree[b"/srv/file"].kind is FileKind.SYMLINK


def test_too_much(root: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    changes = laid_out(root)
    (root / "srv/big").write_bytes(b"x" * 4096)
    monkeypatch.setattr(contents, "_MAX_BYTES", 4095)
    with pytest.raises(TooMuchChanged, match="were written"):
        changes.read()
    monkeypatch.setattr(contents, "_MAX_BYTES", 4096)
    assert b"/srv/big" in changes.read()
    deep = root
    for _ in range(210):
        deep = deep / "d"
        deep.mkdir()
    with pytest.raises(TooMuchChanged, match="folders in folders"):
        changes.read()


def test_contents_of_last_week_are_forgotten(root: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "old").write_bytes(b"")
    os.utime(cache / "old", (1, 1))
    (cache / "recent").write_bytes(b"")
    changes = laid_out(root)
    (root / "srv/made").write_bytes(b"made")
    changes.read()
    names = {path.name for path in cache.iterdir()}
    assert "old" not in names
    assert "recent" in names
    assert len(names) == 2
