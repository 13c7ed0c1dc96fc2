"""What was found out about an object is kept, and used again."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.analyze.calls import analysis, store
from converter.analyze.calls.model import PROGRAM, CodeObject, StaticCalls
from converter.image.tree import FileTree, Inode
from tests.builders.programs import compiled
from tests.builders.trees import program, tree_of

SOURCE = """
__attribute__((noinline)) long wrapper(long n) { return call(n, 0, 0, 0); }
void _start(void) {
    wrapper(39); wrapper(102); call(41, 2, 1, 0); call(257, -100, (long)"/proc/self/maps", 0);
}
"""


@pytest.fixture
def image(tmp_path: Path) -> FileTree:
    return tree_of({"/bin/program": program(compiled(tmp_path, SOURCE, "-static-pie", "-fpie"))})


def run(image: FileTree, path: str = "/bin/program") -> StaticCalls:
    inode: Inode = image[b"/bin/program"]
    return analysis.static_calls(image, [CodeObject(path.encode(), inode, PROGRAM)])


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache/analysis").iterdir())


def no_reading(*_: object) -> None:
    raise AssertionError("the object was read again")


def test_second_run_reads_no_code(image: FileTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(image)
    assert len(kept(tmp_path)) == 2
    monkeypatch.setattr(analysis, "_load", no_reading)
    assert run(image) == first
    assert {"open.path", "socket.domain", "socket.type"} <= set(first.arguments)


def test_other_program_with_the_same_object_reads_no_code(
    image: FileTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(image)
    monkeypatch.setattr(analysis, "_load", no_reading)
    second = run(image, "/usr/bin/other")
    assert list(second.syscalls) == list(first.syscalls)
    assert {each.source for why in second.syscalls.values() for each in why} == {"/usr/bin/other"}


@pytest.mark.parametrize("damage", [b"", b"x" * 100])
def test_damaged_files_count_for_nothing(image: FileTree, tmp_path: Path, damage: bytes) -> None:
    first = run(image)
    for path in kept(tmp_path):
        path.write_bytes(damage)
    assert run(image) == first


def test_a_cache_that_cannot_be_made_is_no_error(
    image: FileTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "file"))
    assert "getpid" in run(image).syscalls


def test_names_change_with_their_parts() -> None:
    assert store.name_of(b"a", b"bc") != store.name_of(b"ab", b"c")
