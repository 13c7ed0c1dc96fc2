"""Pieces: all of the file, and where large files of the root begin and end."""

from __future__ import annotations

import hashlib
import itertools
import random
from pathlib import Path

import pytest

from converter.artifact.pieces import LARGE, PIECE_MAX, pieces_of
from converter.convert import convert
from converter.errors import UsageError
from converter.link.embedded import root_in
from converter.options import Options
from tests.builders import oci

FILES = {
    "a/small": random.Random(1).randbytes(5000),
    "b/large": random.Random(2).randbytes(LARGE + 1),
    "c/small": random.Random(3).randbytes(100),
    "d/huge": random.Random(4).randbytes(2 * PIECE_MAX + 77),
}


def unikernel(archive: Path, folder: Path, name: str, extra: dict[str, bytes]) -> Path:
    """The small program's, with files, some of which make all that follows lie elsewhere."""
    with archive.open("rb"):
        program = _program(archive)
    files = {**extra, **FILES}
    layer = oci.layer(
        oci.file("hello", program, mode=0o755), *(oci.file(path, data) for path, data in files.items())
    )
    image = oci.write_tar(folder / f"{name}.tar", oci.simple_layout([layer], run={"Cmd": ["/hello"]}))
    return convert(str(image), folder / f"{name}.u2k", Options(files="all")).unikernel.path


def _program(archive: Path) -> bytes:
    return (archive.parent / "hello").read_bytes()


@pytest.fixture(scope="module")
def two(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pieces")
    moved = {"a/first": b"x" * 20_000}
    return unikernel(archive, folder, "one", {}), unikernel(archive, folder, "two", moved)


def test_they_are_the_file(two: tuple[Path, Path]) -> None:
    for path in two:
        pieces, data = pieces_of(path), path.read_bytes()
        assert pieces[0].offset == 0
        assert sum(each.size for each in pieces) == len(data)
        assert all(a.offset + a.size == b.offset for a, b in itertools.pairwise(pieces))
        for each in pieces:
            part = data[each.offset : each.offset + each.size]
            assert each.digest == f"sha256:{hashlib.sha256(part).hexdigest()}"
        assert max(each.size for each in pieces) <= PIECE_MAX


def test_large_files_are_pieces_of_their_own(two: tuple[Path, Path]) -> None:
    """Padded to whole blocks, as in the image, and in parts if they are very large."""
    large = FILES["b/large"] + bytes(-len(FILES["b/large"]) % 4096)
    huge = FILES["d/huge"] + bytes(-len(FILES["d/huge"]) % 4096)
    parts = [large, *(huge[at : at + PIECE_MAX] for at in range(0, len(huge), PIECE_MAX))]
    for path in two:
        there = {each.digest for each in pieces_of(path)}
        assert {f"sha256:{hashlib.sha256(part).hexdigest()}" for part in parts} <= there


def test_what_lies_elsewhere_is_shared_all_the_same(two: tuple[Path, Path]) -> None:
    first, second = ({each.digest: each.size for each in pieces_of(path)} for path in two)
    shared = sum(size for digest, size in second.items() if digest in first)
    assert shared >= len(FILES["b/large"]) + len(FILES["d/huge"])
    assert sum(second.values()) - shared < 2 << 20


def test_a_damaged_root(in_memory: Path, tmp_path: Path) -> None:
    data = bytearray(in_memory.read_bytes())
    offset, _ = root_in(in_memory)
    data[offset + 1024 : offset + 1028] = b"\0\0\0\0"
    broken = tmp_path / "broken.u2k"
    broken.write_bytes(data)
    with pytest.raises(UsageError, match="root image is damaged"):
        pieces_of(broken)
