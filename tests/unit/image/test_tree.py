"""FileTree: resolution, order, contents, and trees made out of trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.errors import IncompatibleImageError, SourceError
from converter.image.tree import FileKind, FileTree, Inode, Span

DIRECTORY = Inode(FileKind.DIRECTORY, 0o755)


def regular(data: bytes) -> Inode:
    return Inode(FileKind.REGULAR, size=len(data), spans=(Span(0, len(data), data=data),))


def symlink(target: bytes) -> Inode:
    return Inode(FileKind.SYMLINK, 0o777, size=len(target), target=target)


@pytest.fixture
def tree() -> FileTree:
    return FileTree.empty().with_entries(
        {
            b"/usr/bin/sh": regular(b"#!"),
            b"/bin": symlink(b"usr/bin"),
            b"/usr/up": symlink(b"../../../../bin/sh"),
            b"/absolute": symlink(b"/bin/./sh"),
            b"/folder": symlink(b"/usr/"),
            b"/one": symlink(b"two"),
            b"/two": symlink(b"one"),
            b"/dangling": symlink(b"nowhere"),
            b"/a-b": regular(b""),
            b"/a/c": regular(b""),
        }
    )


@pytest.mark.parametrize(
    ("path", "cwd", "found"),
    [
        (b"/bin/sh", b"/", b"/usr/bin/sh"),
        (b"/usr/up", b"/", b"/usr/bin/sh"),
        (b"/absolute", b"/", b"/usr/bin/sh"),
        (b"sh", b"/bin", b"/usr/bin/sh"),
        (b"../bin/../bin//sh", b"/usr/bin", b"/usr/bin/sh"),
        (b"/../..", b"/", b"/"),
        (b"", b"/usr", b"/usr"),
        (b"/folder/bin/", b"/", b"/usr/bin"),
        (b"/bin/sh/", b"/", None),
        (b"/bin/sh/..", b"/", None),
        (b"/dangling", b"/", None),
        (b"/nowhere/..", b"/", None),
    ],
)
def test_resolve_is_the_kernels(tree: FileTree, path: bytes, cwd: bytes, found: bytes | None) -> None:
    result = tree.resolve(path, cwd=cwd)
    assert (result and result[0]) == found
    if result is not None:
        assert tree[result[0]] is result[1]


def test_the_last_link_is_followed_only_when_asked(tree: FileTree) -> None:
    assert tree.resolve(b"/bin", follow=False) == (b"/bin", tree[b"/bin"])
    assert tree.resolve(b"/bin/", follow=False) == (b"/usr/bin", tree[b"/usr/bin"])
    assert tree.resolve(b"/bin/sh", follow=False) == (b"/usr/bin/sh", tree[b"/usr/bin/sh"])


def test_a_loop_is_named(tree: FileTree) -> None:
    with pytest.raises(IncompatibleImageError, match="/one/x: too many levels of symbolic links"):
        tree.resolve(b"/one/x")


@pytest.mark.parametrize(("links", "works"), [(40, True), (41, False)])
def test_forty_links_are_the_limit(links: int, works: bool) -> None:
    chain = {b"/%d" % number: symlink(b"%d" % (number + 1)) for number in range(links)}
    tree = FileTree.empty().with_entries({**chain, b"/%d" % links: regular(b"")})
    if works:
        found = tree.resolve(b"/0")
        assert found is not None
        assert found[0] == b"/40"
    else:
        with pytest.raises(IncompatibleImageError):
            tree.resolve(b"/0")


def test_walk_is_sorted_with_parents_first(tree: FileTree) -> None:
    paths = [path for path, _ in tree.walk()]
    assert paths == sorted(tree)
    for position, path in enumerate(paths[1:], 1):
        assert (path.rpartition(b"/")[0] or b"/") in paths[:position]
    assert tree.children(b"/")[:3] == [b"a", b"a-b", b"absolute"]
    assert tree.children(b"/usr") == [b"bin", b"up"]
    assert tree.children(b"/bin") == tree.children(b"/nowhere") == []


def test_contents_with_holes_are_read_lazily_and_seekably(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b"..hello..world..")
    inode = Inode(
        FileKind.REGULAR,
        size=1 << 40,
        spans=(Span(3, 5, blob, 2), Span(1 << 39, 5, blob, 9), Span(9, 0, blob)),
    )
    inode = Inode(FileKind.REGULAR, size=1 << 40, spans=tuple(sorted(inode.spans, key=lambda span: span.at)))
    with FileTree.empty().open(inode) as stream:
        assert stream.read(10) == b"\0\0\0hello\0\0"
        stream.seek((1 << 39) - 1)
        assert stream.read(7) == b"\0world\0"
        stream.seek(-2, 2)
        assert stream.read() == b"\0\0"
        assert stream.read() == b""


def test_read_has_a_limit() -> None:
    tree = FileTree.empty()
    assert tree.read(regular(b"abc"), limit=3) == b"abc"
    with pytest.raises(IncompatibleImageError, match="4 bytes"):
        tree.read(regular(b"abcd"), limit=3)


def test_a_blob_that_shrank_is_an_error_and_not_zeros(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b"abc")
    with pytest.raises(SourceError, match="shorter"):
        FileTree.empty().read(Inode(FileKind.REGULAR, size=5, spans=(Span(0, 5, blob),)))
    with pytest.raises(SourceError, match="No such file"):
        FileTree.empty().read(Inode(FileKind.REGULAR, size=5, spans=(Span(0, 5, tmp_path / "gone"),)))


def test_with_entries_replaces_and_makes_parents(tree: FileTree) -> None:
    changed = tree.with_entries({b"/usr": regular(b"file"), b"/new/deep/file": regular(b"x")})
    assert b"/usr/bin/sh" not in changed
    assert changed[b"/new/deep"].mode == 0o755
    assert tree[b"/usr"].kind is FileKind.DIRECTORY, "the old tree stays as it was"
    merged = tree.with_entries({b"/usr": Inode(FileKind.DIRECTORY, 0o700)})
    assert merged[b"/usr"].mode == 0o700
    assert b"/usr/bin/sh" in merged
    with pytest.raises(ValueError, match="no directory"):
        tree.with_entries({b"/bin/x": regular(b"")})


def test_without_removes_all_below(tree: FileTree) -> None:
    less = tree.without([b"/usr", b"/nowhere"])
    assert not [path for path in less if path.startswith(b"/usr")]
    assert len(less) == len(tree) - 4
    assert b"/" in tree.without([b"/"])
