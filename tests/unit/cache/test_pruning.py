"""What goes from the cache, and in which order."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from converter.cache.pruning import items, keep_within_limit, limit, parse_age, remove, surplus, totals
from converter.cli.main import app
from converter.errors import UsageError

DAY = 86400.0


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put(path: Path, days: float, size: int = 4096) -> Path:
    """A file that was used `days` ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    then = time.time() - days * DAY
    for each in (path, path.parent):
        os.utime(each, (then, then))
    return path


def names(cache: Path) -> set[str]:
    return {str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()}


def fill(cache: Path) -> None:
    put(cache / "unikernels/0a/unikernel", 5)
    put(cache / "unikernels/0b/unikernel", 1)
    put(cache / "layers/sha256/aa", 9)
    put(cache / "layers/sha256/aa.index", 9)
    put(cache / "layers/sha256/bb.index", 3)
    put(cache / "blobs/sha256/cc", 7)
    put(cache / "unikernels/.lock-0a0", 30, 0)


def test_the_longest_unused_goes_first(cache: Path) -> None:
    fill(cache)
    found = [str(item.path.relative_to(cache)) for item in surplus(0)]
    assert found == [
        "layers/sha256/aa", "blobs/sha256/cc", "unikernels/0a", "layers/sha256/bb.index", "unikernels/0b"
    ]  # fmt: skip
    whole = sum(item.size for item in items())
    assert [item.path.name for item in surplus(whole - 1)] == ["aa"]
    assert surplus(whole) == []
    assert [item.path.name for item in surplus(None, 6 * DAY)] == ["aa", "cc"]


def test_an_index_goes_with_its_layer_and_locks_stay(cache: Path) -> None:
    fill(cache)
    freed = remove(surplus(0))
    assert freed >= 6 * 4096
    assert names(cache) == {"unikernels/.lock-0a0"}


def test_what_is_in_use_stays(cache: Path) -> None:
    put(cache / "unikernels/0a/unikernel", 0)
    put(cache / "unikernels/0b/unikernel", 2)
    remove(surplus(0))
    assert names(cache) == {"unikernels/0a/unikernel"}
    remove(surplus(0, spare=False))
    assert names(cache) == set()


def test_what_a_killed_conversion_left_goes_first_of_all(cache: Path) -> None:
    put(cache / "unikernels/.0c.x7/unikernel", 0.5)
    put(cache / "unikernels/0a/unikernel", 5)
    assert [item.path.name for item in surplus(1 << 30)] == [".0c.x7"]


def test_reading_counts_as_use(cache: Path) -> None:
    path = put(cache / "layers/sha256/aa", 9)
    os.utime(path, (time.time(), path.stat().st_mtime))
    assert surplus(0) == []


def test_the_limit_of_the_environment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(cache)
    monkeypatch.setenv("U2K_CACHE_LIMIT", "1K")
    keep_within_limit()
    assert names(cache) == {"unikernels/.lock-0a0"}
    monkeypatch.setenv("U2K_CACHE_LIMIT", "a lot")
    keep_within_limit()
    with pytest.raises(UsageError, match="no size"):
        limit()


def test_times() -> None:
    assert parse_age("30d", "x") == 30 * DAY
    for text in ("", "30", "d", "1y", "-1d"):
        with pytest.raises(UsageError):
            parse_age(text, "x")


def test_the_verbs(cache: Path) -> None:
    fill(cache)

    def u2k(*words: str) -> str:
        done = CliRunner().invoke(app, ["cache", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "finished conversions" in u2k("show")
    assert str(cache) in u2k("show", "--json")
    assert "would remove 1," in u2k("prune", "--older", "8d", "--dry-run")
    assert len(names(cache)) == 7
    assert "removed 1," in u2k("prune", "--older", "8d")
    assert "removed 0," in u2k("prune", "--size", "1G")
    assert "removed 4," in u2k("prune", "--all")
    assert names(cache) == {"unikernels/.lock-0a0"}
    assert {each.size for each in totals()} == {0}
    assert isinstance(
        CliRunner().invoke(app, ["cache", "prune", "--all", "--size", "1"]).exception, UsageError
    )
