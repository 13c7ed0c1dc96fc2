"""A sandbox's folder is removed whatever is in it, and one whose maker was killed by the next."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from converter.trace.workplace import Workplace, remove


@pytest.fixture
def start(tmp_path: Path) -> Path:
    file = tmp_path / "start-x"
    file.write_bytes(b"x")
    return file


def test_folders_that_have_no_path(tmp_path: Path) -> None:
    top, outside = tmp_path / "top", tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    name = "a" * 200
    for _ in range(100):  # longer than PATH_MAX
        os.mkdir(name, dir_fd=here)
        os.symlink(outside, "link", dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    closed = top / "closed"
    (closed / "inner").mkdir(parents=True)
    (closed / "inner" / "file").touch()
    (closed / "inner").chmod(0)
    closed.chmod(0)
    remove(top)
    assert not top.exists()
    assert (outside / "file").exists()


def test_what_a_killed_tool_left_is_removed(
    tmp_path: Path, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    forgotten, used, young = (tmp_path / f"u2k-sandbox-{name}" for name in ("forgotten", "used", "young"))
    for folder in (forgotten, used, young):
        (folder / "root").mkdir(parents=True)
    for folder in (forgotten, used):
        os.utime(folder, (1, 1))
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with Workplace(None, start) as place:
        there = set(tmp_path.glob("u2k-sandbox-*"))
        assert there == {used, young, place.root.parent}
    os.close(lock)
    assert set(tmp_path.glob("u2k-sandbox-*")) == {used, young}
