"""Hostile layers: whatever the bytes, the answer is a tree or a clear error; and a model of whiteouts."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from converter.errors import IncompatibleImageError, SourceError, U2kError
from converter.image.layer_index import LayerIndex, dump_index, index_layer, load_index
from converter.image.layers import Layers
from converter.image.tree import FileKind, FileTree
from tests.builders import oci

_RUNS = settings(max_examples=400, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def tree_of(scratch: Path, *layers: bytes) -> FileTree:
    stack = Layers()
    for number, data in enumerate(layers):
        blob = scratch / f"layer{number}"
        blob.write_bytes(data)
        members = index_layer(blob, 0, len(data), f"layer {number + 1}")
        (scratch / "index").write_bytes(dump_index(members, len(data)))
        assert load_index(scratch / "index", len(data)) == members
        stack.apply(LayerIndex(blob, 0, members), number, f"layer {number + 1}")
    return stack.tree()


def check(tree: FileTree) -> None:
    """What holds of every tree, and what its consumers rely on."""
    for path, inode in tree.walk():
        assert path == b"/" or (path.startswith(b"/") and not path.endswith(b"/"))
        assert not {b"", b".", b".."} & set(path[1:].split(b"/")) or path == b"/"
        assert path == b"/" or tree[path.rpartition(b"/")[0] or b"/"].kind is FileKind.DIRECTORY
        assert 0 <= inode.mode <= 0o7777
        assert 0 <= inode.uid < 1 << 32
        assert 0 <= inode.gid < 1 << 32
        assert 0 <= inode.mtime_nsec < 1_000_000_000
        end = 0
        for span in inode.spans:
            assert span.at >= end
            assert span.length > 0
            end = span.at + span.length
            assert span.blob is not None
            assert span.offset + span.length <= span.blob.stat().st_size
        assert end <= inode.size
        if inode.kind is FileKind.REGULAR:
            with tree.open(inode) as stream:
                assert len(stream.read(4096)) == min(4096, inode.size)
        elif inode.kind is FileKind.DIRECTORY:
            assert all(path.rstrip(b"/") + b"/" + name in tree for name in tree.children(path))


def read_or_refuse(scratch: Path, *layers: bytes) -> None:
    try:
        tree = tree_of(scratch, *layers)
    except U2kError as error:
        assert isinstance(error, SourceError | IncompatibleImageError)
        assert error.where
        assert error.hint
        return
    check(tree)


# Few names, so that they meet; and all that is dangerous in one.
# The harmless is drawn more often, so that some of the sequences are a tree in the end.
_NAMES = st.sampled_from(
    [
        *["a", "b", "c"] * 12,
        *[".wh.a", ".wh.b", ".wh..wh..opq", ".", ""] * 2,
        *[".wh.", "..", ".wh...", "x" * 300],
    ]
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_PAX = st.dictionaries(
    st.sampled_from(
        [
            "path",
            "linkpath",
            "size",
            "uid",
            "mtime",
            "GNU.sparse.major",
            "GNU.sparse.minor",
            "GNU.sparse.map",
            "GNU.sparse.size",
            "GNU.sparse.realsize",
            "SCHILY.xattr.user.x",
        ]
    ),
    st.sampled_from(["", "0", "1", "-1", "9" * 25, "5,5", "0,1,1,1", "a/b", "../c", "1.5", "x\0y", "1e3"]),
    max_size=3,
)


@st.composite
def entries(draw: st.DrawFn) -> oci.Entry:
    kind = draw(
        st.sampled_from([*[b"0", b"5", b"1", b"2"] * 5, *[b"3", b"4", b"6", b"7", b"g"] * 2, b"S", b"V"])
    )
    return oci.entry(
        draw(_PATHS),
        kind,
        draw(st.binary(max_size=600)) if kind in b"07SV" else b"",
        linkname=draw(_PATHS) if kind in b"12" else "",
        mode=draw(st.sampled_from([0, 0o644, 0o7777, 0o777777])),
        uid=draw(st.sampled_from([*[0, 70000, (1 << 32) - 1] * 8, 1 << 40])),
        mtime=draw(st.sampled_from([0, -1, 1 << 62])),
        pax_headers=draw(_PAX) if draw(st.integers(0, 9)) == 0 else {},
    )


def built(members: list[oci.Entry], tar_format: int = tarfile.GNU_FORMAT) -> bytes:
    try:
        return oci.layer(*members, tar_format=tar_format)
    except (ValueError, OverflowError):  # tarfile refuses to write it
        return oci.layer()


_LAYERS = st.builds(
    built, st.lists(entries(), max_size=8), st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
)


@_RUNS
@given(layers=st.lists(_LAYERS, min_size=1, max_size=3))
def test_any_sequence_of_members(scratch: Path, layers: list[bytes]) -> None:
    read_or_refuse(scratch, *layers)


@_RUNS
@given(
    data=_LAYERS,
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=12)), max_size=6),
    length=st.integers(0, 1 << 16),
)
def test_any_damage(scratch: Path, data: bytes, changes: list[tuple[int, bytes]], length: int) -> None:
    broken = bytearray(data)
    for at, new in changes:
        at %= len(broken)
        broken[at : at + len(new)] = new
    if length < 1 << 15:
        del broken[length % len(broken) :]
    for repaired in (False, True):
        if repaired:
            repair_checksums(broken)  # so that the damage gets past the first check
        read_or_refuse(scratch, bytes(broken))


def repair_checksums(data: bytearray) -> None:
    for at in range(0, len(data) - 511, 512):
        block = data[at : at + 512]
        if any(block):
            total = sum(block) - sum(block[148:156]) + 256
            data[at + 148 : at + 156] = b"%06o\0 " % total


@_RUNS
@given(data=st.binary(max_size=3000))
@example(b"\xff" * 512)
@example(b"\0" * 148 + b"0000400\0" + b"\0" * 356)
def test_any_bytes(scratch: Path, data: bytes) -> None:
    padded = bytearray(data)
    repair_checksums(padded)
    read_or_refuse(scratch, data)
    read_or_refuse(scratch, bytes(padded))


# A model of layer.md without links: a dictionary, and no cleverness.

_PLAIN = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple)
_STEPS = st.lists(st.tuples(st.sampled_from(["file", "directory", "whiteout", "opaque"]), _PLAIN), max_size=7)
Model = dict[tuple[str, ...], int]  # path -> number of the file's contents; -1: a directory


def below(model: Model, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [other for other in model if len(other) > len(path) and other[: len(path)] == path]


def modelled(model: Model, steps: list[tuple[str, tuple[str, ...]]], number: int) -> Model | None:
    """The layer on top; None where a path has a file above it, which is refused."""
    lower = dict(model)
    for action, path in steps:
        if action in ("whiteout", "opaque"):
            for gone in [*below(lower, path), *([path] if action == "whiteout" else [])]:
                lower.pop(gone, None)
    for action, path in steps:
        if action in ("whiteout", "opaque"):
            continue
        for depth in range(1, len(path)):
            if lower.setdefault(path[:depth], -1) != -1:
                return None
        if action == "file":
            for gone in below(lower, path):
                del lower[gone]
            number += 1
            lower[path] = number
        else:
            lower[path] = -1
    return lower


@_RUNS
@given(layers=st.lists(_STEPS, min_size=1, max_size=3))
def test_whiteouts_as_modelled(scratch: Path, layers: list[list[tuple[str, tuple[str, ...]]]]) -> None:
    expected: Model | None = {}
    number = 0
    tars = []
    for steps in layers:
        members, count = [], number
        for action, path in steps:
            name = "/".join(path)
            if action == "file":
                count += 1
                members.append(oci.file(name, b"%d" % count))
            elif action == "directory":
                members.append(oci.directory(name))
            else:
                members.append(oci.whiteout(name) if action == "whiteout" else oci.opaque(name))
        tars.append(oci.layer(*members))
        expected = modelled(expected, steps, number) if expected is not None else None
        number = count
    if expected is None:
        with pytest.raises(IncompatibleImageError, match="no directory"):
            tree_of(scratch, *tars)
        return
    tree = tree_of(scratch, *tars)
    check(tree)
    found = {
        tuple(path.decode()[1:].split("/")): -1 if inode.kind is FileKind.DIRECTORY else int(tree.read(inode))
        for path, inode in tree.walk()
        if path != b"/"
    }
    assert found == expected
