"""The OCI layer rules (image-spec, layer.md), one by one."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from converter.errors import IncompatibleImageError, SourceError, U2kError
from converter.image import FileKind
from tests.builders.oci import directory, entry, file, hardlink, layer, opaque, symlink, whiteout
from tests.unit.image.conftest import TreeOf


def test_a_whiteout_hides_the_lower_file_wherever_it_stands(tree_of: TreeOf) -> None:
    lower = layer(directory("d"), file("d/a", b"old"), file("d/b"))
    for entries in ([whiteout("d/a"), file("d/a", b"new")], [file("d/a", b"new"), whiteout("d/a")]):
        tree = tree_of(lower, layer(*entries))
        assert tree.read(tree[b"/d/a"]) == b"new"
        assert b"/d/b" in tree
        assert [(item.layer, item.path, item.size) for item in tree.deletions] == [(1, b"/d/a", 3)]


def test_a_whiteout_hides_a_folder_with_all_in_it(tree_of: TreeOf) -> None:
    lower = layer(directory("d"), file("d/a", b"123"), file("d/e/f", b"4567"))
    tree = tree_of(lower, layer(file("d/new"), whiteout("d")))
    assert sorted(tree) == [b"/", b"/d", b"/d/new"]
    assert [(item.path, item.size) for item in tree.deletions] == [(b"/d", 7)]


@pytest.mark.parametrize("first", [True, False])
def test_opaque_hides_only_lower_layers(tree_of: TreeOf, first: bool) -> None:
    lower = layer(directory("d", mode=0o700), file("d/a"), file("d/e/f"))
    entries = [file("d/mine"), opaque("d")]
    tree = tree_of(lower, layer(*(entries[::-1] if first else entries)))
    assert sorted(tree) == [b"/", b"/d", b"/d/mine"]
    assert tree[b"/d"].mode == 0o700, "the folder itself stays"
    assert sorted(tree_of(lower, layer(opaque("")))) == [b"/"]


def test_whiteouts_of_nothing_are_no_error(tree_of: TreeOf) -> None:
    assert sorted(
        tree_of(layer(whiteout("a/b"), opaque("c"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs")))
    ) == [b"/"]


def test_whiteouts_work_through_links_in_the_path(tree_of: TreeOf) -> None:
    tree = tree_of(
        layer(file("usr/lib/a"), file("usr/lib/b"), symlink("lib", "usr/lib")), layer(whiteout("lib/a"))
    )
    assert b"/usr/lib/a" not in tree
    assert b"/usr/lib/b" in tree


@pytest.mark.parametrize("name", [".wh.", "d/.wh.", "d/.wh..", "d/.wh...", ".wh.d/x"])
def test_senseless_whiteouts_are_refused(tree_of: TreeOf, name: str) -> None:
    with pytest.raises(IncompatibleImageError, match=r"whiteout .*\.wh\.") as caught:
        tree_of(layer(directory("d")), layer(file(name)))
    assert caught.value.where
    assert caught.value.where.startswith("layer 2 (sha256:")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/../x", "..", "a/b/../../../etc/passwd"])
def test_paths_out_of_the_root_are_refused(tree_of: TreeOf, name: str) -> None:
    for bad in (file(name), symlink(name, "x"), directory(name), hardlink("y", name)):
        with pytest.raises(IncompatibleImageError, match="out of the root") as caught:
            tree_of(layer(file("x"), bad))
        assert caught.value.exit_code == 3
        assert caught.value.hint


def test_paths_within_the_root_may_be_written_in_any_way(tree_of: TreeOf) -> None:
    tree = tree_of(layer(file("/a"), file("./b"), file("c//d"), file("e/../f"), directory("./", mode=0o700)))
    assert sorted(tree) == [b"/", b"/a", b"/b", b"/c", b"/c/d", b"/f"]
    assert tree[b"/"].mode == 0o700


def test_a_link_out_of_the_root_stays_inside(tree_of: TreeOf) -> None:
    tree = tree_of(layer(symlink("out", "../../../etc"), file("out/passwd", b"mine")))
    assert tree.read(tree[b"/etc/passwd"]) == b"mine"
    assert tree[b"/out"].kind is FileKind.SYMLINK


def test_loops_of_links_on_the_way_are_refused(tree_of: TreeOf) -> None:
    with pytest.raises(IncompatibleImageError, match=r"loop of symbolic links.*'a/x'"):
        tree_of(layer(symlink("a", "b"), symlink("b", "a"), file("a/x")))
    tree = tree_of(layer(symlink("a", "b"), symlink("b", "a")))
    assert tree[b"/a"].target == b"b", "a loop that nothing needs is fine"


def test_below_a_file_there_can_be_nothing(tree_of: TreeOf) -> None:
    with pytest.raises(IncompatibleImageError, match="no directory"):
        tree_of(layer(file("a")), layer(file("a/b")))


def test_hard_links_share_an_inode(tree_of: TreeOf) -> None:
    lower = layer(file("a", b"1"), hardlink("b", "a"))
    tree = tree_of(lower, layer(hardlink("c", "./b")))
    assert tree[b"/a"] is tree[b"/b"] is tree[b"/c"]
    replaced = tree_of(lower, layer(hardlink("c", "a"), file("a", b"2")))
    assert replaced.read(replaced[b"/c"]) == b"1", "linked before the name was given to another file"
    assert replaced.read(replaced[b"/a"]) == b"2"
    hidden = tree_of(lower, layer(hardlink("c", "a"), whiteout("a")))
    assert hidden[b"/c"] is hidden[b"/b"]
    assert b"/a" not in hidden


def test_a_hard_link_to_a_symlink_is_the_symlink(tree_of: TreeOf) -> None:
    tree = tree_of(layer(symlink("s", "nowhere"), hardlink("h", "s")))
    assert tree[b"/h"] is tree[b"/s"]


@pytest.mark.parametrize("target", ["nowhere", "d/nowhere", "d", "f/x", ""])
def test_hard_links_to_nothing_are_refused(tree_of: TreeOf, target: str) -> None:
    with pytest.raises(IncompatibleImageError, match=r"hard link to .*'h'"):
        tree_of(layer(directory("d"), file("f"), hardlink("h", target)))


def test_types_change(tree_of: TreeOf) -> None:
    lower = layer(directory("d"), file("d/x"), file("f"), symlink("s", "d"))
    tree = tree_of(lower, layer(file("d", b"file"), directory("f"), file("f/x"), directory("s")))
    assert sorted(tree) == [b"/", b"/d", b"/f", b"/f/x", b"/s"]
    assert tree[b"/s"].kind is FileKind.DIRECTORY
    with pytest.raises(IncompatibleImageError, match="root is not a directory"):
        tree_of(layer(file("./")), layer(symlink(".", "x")))


def test_a_folder_over_a_folder_keeps_its_children(tree_of: TreeOf) -> None:
    tree = tree_of(
        layer(directory("d", mode=0o700, uid=1, mtime=1), file("d/x")),
        layer(directory("d", mode=0o750, uid=2, mtime=2)),
    )
    assert (tree[b"/d"].mode, tree[b"/d"].uid, tree[b"/d"].mtime, tree[b"/d"].layer) == (0o750, 2, 2, 1)
    assert b"/d/x" in tree


def test_missing_parents_and_repeated_names(tree_of: TreeOf) -> None:
    tree = tree_of(layer(file("a/b/c", b"1"), file("a/b/c", b"2")))
    assert (tree[b"/a/b"].kind, tree[b"/a/b"].mode, tree[b"/a/b"].uid) == (FileKind.DIRECTORY, 0o755, 0)
    assert tree.read(tree[b"/a/b/c"]) == b"2"


@pytest.mark.parametrize("tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_all_that_a_member_can_say(tree_of: TreeOf, tar_format: int) -> None:
    pax = {"SCHILY.xattr.user.b": "\udcff\0=\n", "mtime": "-1.25"} if tar_format == tarfile.PAX_FORMAT else {}
    name = "n" * 120 + "/" + "m" * 250
    tree = tree_of(
        layer(
            file(name, b"x", mode=0o4711, uid=70000, gid=4294967294, pax_headers=pax),
            symlink("s", "t/" * 1000),
            entry("c", tarfile.CHRTYPE, devmajor=259, devminor=100000, mode=0o666),
            entry("b", tarfile.BLKTYPE, devmajor=8, devminor=1),
            entry("p", tarfile.FIFOTYPE),
            file("old", mtime=-5),
            tar_format=tar_format,
        )
    )
    inode = tree[b"/" + name.encode()]
    assert (inode.mode, inode.uid, inode.gid) == (0o4711, 70000, 4294967294)
    if pax:
        assert (inode.mtime, inode.mtime_nsec) == (-2, 750_000_000)
        assert inode.xattrs == {"user.b": b"\xff\0=\n"}
    assert tree[b"/s"].target == b"t/" * 1000
    assert (tree[b"/c"].kind, tree[b"/c"].rdev) == (FileKind.CHARACTER, (259, 100000))
    assert (tree[b"/b"].kind, tree[b"/p"].kind) == (FileKind.BLOCK, FileKind.FIFO)
    assert tree[b"/old"].mtime == -5


def test_names_and_targets_that_linux_cannot_have(tree_of: TreeOf) -> None:
    for bad in (file("n" * 256), file("d/" * 2048 + "f"), symlink("s", "t" * 4096), symlink("s", "")):
        with pytest.raises(IncompatibleImageError):
            tree_of(layer(bad))


SPARSE = {
    "--sparse-version=0.0": "posix",
    "--sparse-version=0.1": "posix",
    "--sparse-version=1.0": "posix",
    "": "gnu",
}


@pytest.mark.parametrize("version", SPARSE)
def test_sparse_members_of_gnu_tar(tree_of: TreeOf, tmp_path: Path, version: str) -> None:
    holey = tmp_path / "holey"
    with holey.open("wb") as stream:
        for at in range(30):
            stream.seek(at << 20)
            stream.write(b"%d" % at * 4096)
        stream.truncate(10 << 30)
    (tmp_path / "after").write_bytes(b"after")
    command = [
        "tar",
        "-C",
        str(tmp_path),
        f"--format={SPARSE[version]}",
        "-S",
        *([version] if version else []),
    ]
    done = subprocess.run([*command, "-cf", "-", "holey", "after"], capture_output=True, check=True)
    assert len(done.stdout) < 1 << 20
    tree = tree_of(done.stdout)
    inode = tree[b"/holey"]
    assert inode.size == 10 << 30
    with tree.open(inode) as ours, holey.open("rb") as theirs:
        assert ours.read(31 << 20) == theirs.read(31 << 20)
        ours.seek(-100, 2)
        assert ours.read() == bytes(100)
    assert tree.read(tree[b"/after"]) == b"after"


def test_a_sparse_file_whose_map_is_empty(tree_of: TreeOf) -> None:
    named = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "5000"}
    tree = tree_of(layer(file("hole", b"0\n".ljust(512, b"\0"), pax_headers=named), file("after", b"x")))
    assert tree.read(tree[b"/hole"]) == bytes(5000)
    assert tree.read(tree[b"/after"]) == b"x"


def damaged(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (layer(file("a", b"x" * 5000))[:3000], "truncated inside"),
        (layer(file("a"))[:300], "truncated"),
        (damaged(layer(file("a"), file("b")), 512, b"c"), "checksum"),
        (b"this is no tar at all" * 100, "checksum|octal"),
        (layer(entry("a", b"V")), "unknown type"),
        (layer(file("a", pax_headers={"path": "b" * 5000}))[:1024], "truncated|without"),
        (layer(file("a", pax_headers={"mtime": "soon"})), "no number"),
        (layer(file("a", pax_headers={"uid": "-1"})), "no number"),
        (layer(file("a", pax_headers={"uid": str(1 << 32)})), "out of range"),
        (layer(file("a", pax_headers={"GNU.sparse.map": "0,5,3,4", "GNU.sparse.size": "9"})), "out of order"),
        (layer(file("a", pax_headers={"GNU.sparse.map": "0,5", "GNU.sparse.size": "9"})), "fit its size"),
        (layer(entry("a", b"x", b"12 path=a\n")), "malformed"),
        (layer(entry("a", b"x", b"9 path=a\n" + b"x" * 40)), "malformed"),
        (layer(entry("a", b"x", b"9 path=a\n0 path=a\n")), "malformed"),
        (layer(entry("a", b"x", b"9 path=a\n"))[:1024], "without a member"),
    ],
)
def test_damaged_archives(tree_of: TreeOf, data: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        tree_of(data)
    assert str(caught.value).startswith("layer 1")
    assert caught.value.hint


def test_an_extension_header_of_gigabytes_is_not_read(tree_of: TreeOf) -> None:
    info = tarfile.TarInfo("a")
    info.type, info.size = b"x", 8 << 30
    with pytest.raises(SourceError, match="extension header of 8589934592 bytes"):
        tree_of(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))


def test_the_standard_library_reads_the_same(tree_of: TreeOf) -> None:
    data = layer(*(file(f"d{number % 7}/f{number}", b"%d" % number * number) for number in range(200)))
    tree = tree_of(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            assert stream is not None
            assert tree.read(tree[b"/" + member.name.encode()]) == stream.read()


def test_every_error_says_what_to_do(tree_of: TreeOf) -> None:
    with pytest.raises(U2kError) as caught:
        tree_of(layer(file("../x")))
    assert caught.value.where
    assert caught.value.hint
