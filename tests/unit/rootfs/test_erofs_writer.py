"""The writer's own promises: limits, alignment, errors, and equal bytes on every kind of output."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.errors import IncompatibleImageError, OutputError, SourceError
from converter.image.tree import FileKind, FileTree, Inode, Span
from converter.rootfs import ondisk, transfer
from converter.rootfs.directory import DirectoryPlan
from converter.rootfs.erofs import build_root, write_root
from converter.rootfs.layout import plan
from tests.builders.trees import directory, regular, symlink, tree_of


def as_bytes(tree: FileTree) -> bytes:
    out = io.BytesIO()
    write_root(plan(tree), out)
    return out.getvalue()


def blob_tree(tmp_path: Path) -> FileTree:
    """A 3 MB file in pieces of a blob, with a hole, beside small ones."""
    blob = tmp_path / "blob"
    blob.write_bytes(os.urandom(1 << 16) * 48)
    spans = (Span(100, 1_500_000, blob, 7), Span(2_000_000, 1_000_000, blob, 1_500_007))
    return tree_of(
        {
            "/a/pieces": Inode(FileKind.REGULAR, size=3_000_000, spans=spans),
            "/b": regular(b"b" * 5000),
            "/last": Inode(FileKind.REGULAR, size=20_000),
        }
    )


def test_crc32c_is_castagnoli_without_the_final_inversion() -> None:
    # RFC 3720 B.4 gives 8A9136AA for 32 zero bytes, with the inversion.
    assert ondisk.crc32c(bytes(32)) ^ 0xFFFFFFFF == 0x8A9136AA


@pytest.mark.parametrize(
    ("numbers", "encoded"), [((1, 3), 0x103), ((8, 256), 0x100800), ((4095, 1_048_575), 0xFFFFFFFF)]
)
def test_device_numbers(numbers: tuple[int, int], encoded: int) -> None:
    assert ondisk.encode_device(*numbers) == encoded


def test_every_file_starts_on_a_block_and_is_padded_with_zeros() -> None:
    contents = {f"/{size}": os.urandom(size) for size in (1, 4095, 4096, 4097, 12_288)}
    layout = plan(tree_of({path: regular(data) for path, data in contents.items()}))
    image = as_bytes(tree_of({path: regular(data) for path, data in contents.items()}))
    assert len(image) == layout.size and layout.size % 4096 == 0
    assert len(layout.extents) == len(contents)
    for extent in layout.extents:
        data = contents[extent.path.decode()]
        assert extent.offset % 4096 == 0
        padded = -(-len(data) // 4096) * 4096
        assert image[extent.offset : extent.offset + padded] == data.ljust(padded, b"\0")


def test_superblock_fields() -> None:
    image = as_bytes(
        tree_of({"/a": regular(b"x", mtime=5), "/b": regular(b"y", mtime=5), "/c": directory(mtime=9)})
    )
    magic, _, compat, bits, _, _, inodes, time = struct.unpack_from("<IIIBBHQQ", image, 1024)
    assert (magic, compat, bits, inodes, time) == (0xE0F5E1E2, 3, 12, 4, 5)
    assert struct.unpack_from("<I", image, 1024 + 36)[0] == len(image) // 4096
    assert struct.unpack_from("<I", image, 1024 + 80)[0] == 0  # no incompatible feature


def test_a_file_a_pipe_and_a_buffer_get_the_same_bytes(tmp_path: Path) -> None:
    tree = blob_tree(tmp_path)
    wanted = as_bytes(tree)
    image = build_root(tree, tmp_path / "out", digest=True)
    assert (tmp_path / "out").read_bytes() == wanted
    assert image.digest == "sha256:" + hashlib.sha256(wanted).hexdigest()
    assert (image.size, image.files, image.inodes) == (len(wanted), 5, 5)
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as source, os.fdopen(write_end, "wb") as sink:

        def feed() -> None:
            with sink:
                write_root(plan(tree), sink)

        feeder = threading.Thread(target=feed)
        feeder.start()
        assert source.read() == wanted
        feeder.join()


def test_written_into_the_middle_of_a_file(tmp_path: Path) -> None:
    tree = blob_tree(tmp_path)
    with (tmp_path / "out").open("w+b", buffering=0) as out:
        out.write(b"kernel".ljust(8192, b"\0"))
        write_root(plan(tree), out)
        assert out.tell() == 8192 + plan(tree).size
    assert (tmp_path / "out").read_bytes() == b"kernel".ljust(8192, b"\0") + as_bytes(tree)


def test_without_copy_file_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, or between file systems of an old kernel."""

    def refuse(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(transfer.os, "copy_file_range", refuse, raising=False)
    tree = blob_tree(tmp_path)
    build_root(tree, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == as_bytes(tree)


def test_holes_take_no_disk_space(tmp_path: Path) -> None:
    build_root(tree_of({"/hole": Inode(FileKind.REGULAR, size=1 << 30)}), tmp_path / "out")
    status = (tmp_path / "out").stat()
    assert status.st_size > 1 << 30 and status.st_blocks * 512 < 1 << 20


def test_too_large_a_root_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    tree = tree_of({"/sparse": Inode(FileKind.REGULAR, size=10 << 30)})
    with pytest.raises(IncompatibleImageError, match=r"10,737 MB.*2,000 MB"):
        build_root(tree, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(IncompatibleImageError):
        plan(tree_of({"/a": regular(b"a")}), limit=4096)


def test_order_of_insertion_does_not_matter() -> None:
    entries = {f"/d{number % 3}/{number}": regular(b"%d" % number) for number in range(50)}
    assert as_bytes(tree_of(entries)) == as_bytes(tree_of(dict(reversed(entries.items()))))


def test_namespaces_unknown_to_linux_are_reported_and_left_out() -> None:
    tree = tree_of({"/a": regular(b"", xattrs={"com.apple.quarantine": b"q", "user.kept": b"k"})})
    layout = plan(tree)
    assert layout.dropped_xattrs == ((b"/a", "com.apple.quarantine"),)
    assert b"kept" in layout.head and b"quarantine" not in layout.head


@pytest.mark.parametrize(
    "inode",
    [
        regular(b"", xattrs={"user.x": bytes(65536)}),
        regular(b"", xattrs={"user." + "x" * 256: b""}),
        regular(b"", xattrs={f"user.{number}": bytes(60_000) for number in range(5)}),
        symlink(b"t" * 4096),
        Inode(FileKind.CHARACTER, rdev=(4096, 0)),
        regular(b"", uid=1 << 32),
        regular(b"", mtime=1 << 63),
    ],
)
def test_what_the_format_cannot_hold_is_refused_by_name(inode: Inode) -> None:
    with pytest.raises(IncompatibleImageError) as caught:
        plan(tree_of({"/odd": inode}))
    assert caught.value.where == "/odd" and caught.value.hint


def test_too_long_a_name_is_refused() -> None:
    with pytest.raises(IncompatibleImageError, match="256 bytes"):
        plan(tree_of({"/" + "n" * 256: regular(b"")}))


@pytest.mark.parametrize(
    "spans", [(Span(0, 4, data=b"abcd"), Span(2, 4, data=b"abcd")), (Span(5, 4, data=b"abcd"),)]
)
def test_spans_that_contradict_the_file_are_refused(spans: tuple[Span, ...], tmp_path: Path) -> None:
    tree = tree_of({"/odd": Inode(FileKind.REGULAR, size=6, spans=spans)})
    with pytest.raises(IncompatibleImageError):
        build_root(tree, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("length", [None, 10])
def test_a_blob_that_is_gone_or_short(length: int | None, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    if length is not None:
        blob.write_bytes(bytes(length))
    tree = tree_of({"/a": Inode(FileKind.REGULAR, size=100, spans=(Span(0, 100, blob),))})
    for attempt in (lambda: build_root(tree, tmp_path / "out"), lambda: as_bytes(tree)):
        with pytest.raises(SourceError, match="blob cache"):
            attempt()
    assert not (tmp_path / "out").exists()


def test_disk_full_and_forbidden_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        build_root(FileTree.empty(), tmp_path / "nowhere" / "out")
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OutputError, match="No space") as caught,
    ):
        write_root(plan(FileTree.empty()), full)
    assert "free some space" in (caught.value.hint or "")


@settings(max_examples=60)
@given(
    st.sets(st.binary(min_size=1, max_size=255).filter(lambda name: b"/" not in name and b"\0" not in name))
)
def test_directories_read_back_as_they_were(names: set[bytes]) -> None:
    """Every block begins with its dirents, is sorted through, and holds all names once."""
    planned = DirectoryPlan.of([(name, name) for name in names | {b".", b".."}])
    data = planned.render(lambda name: (len(name), 1))
    assert len(data) == planned.size
    found: list[bytes] = []
    for start in range(0, len(data), 4096):
        block = data[start : start + 4096]
        count = struct.unpack_from("<QH", block)[1] // 12
        offsets = [struct.unpack_from("<QHBB", block, 12 * index)[1] for index in range(count)]
        ends = [*offsets[1:], len(block)]
        found += [block[begin:end].rstrip(b"\0") for begin, end in zip(offsets, ends, strict=True)]
    assert found == sorted(names | {b".", b".."})
