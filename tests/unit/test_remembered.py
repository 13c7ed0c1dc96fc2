"""What is kept of how a unikernel was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.options import Options
from converter.remembered import convert_again, is_remembered, remember
from converter.trace.request import TraceRequest, parse_probe
from tests.unit.trace.test_watched_run import MANIFEST


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_last_one_counts() -> None:
    assert not is_remembered(MANIFEST)
    remember(MANIFEST, "one:1", ["--full"])
    remember(MANIFEST, "two:2", [])
    assert is_remembered(MANIFEST)
    assert convert_again(MANIFEST, None, [("--keep", "/a b")]) == "u2k convert --keep '/a b' two:2"


def test_options_are_not_said_twice() -> None:
    remember(MANIFEST, "one:1", ["--add-syscall", "read", "--profile", "/p.json"])
    more = [("--add-syscall", "read"), ("--add-syscall", "/p.json"), ("--profile", "/p.json")]
    words = "--add-syscall read --profile /p.json --add-syscall /p.json"
    assert convert_again(MANIFEST, Path("x"), more) == f"u2k convert --force -o x {words} one:1"


@pytest.mark.parametrize("text", ["", "[]", '{"image": "x"}', '{"image": "x", "words": 3}', "[" * 100_000])
def test_a_damaged_entry_is_none(cache: Path, text: str) -> None:
    remember(MANIFEST, "one:1", [])
    (entry,) = (cache / "conversions").iterdir()
    assert entry.stat().st_mode & 0o077 == 0, "it may have a password"
    entry.write_text(text)
    assert not is_remembered(MANIFEST)


def test_without_a_cache_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U2K_CACHE_DIR", "/dev/null/none")
    remember(MANIFEST, "one:1", [])
    assert not is_remembered(MANIFEST)


def test_options_as_words() -> None:
    assert Options().words() == []
    options = Options(
        source="archive",
        entrypoint=("/bin/x",),
        args=("a b", ""),
        env=("A=b c",),
        form="strict",
        add_syscalls=("read", "write"),
        drop=("fsync",),
        files="all",
        keep=("/x y",),
        allow_unsupported=True,
    )
    assert options.words() == [
        *("--source", "archive", "-e", "A=b c", "--entrypoint", "/bin/x", "--args", "'a b' ''"),
        *("--add-syscall", "read", "--add-syscall", "write", "--drop", "fsync"),
        *("--files", "all", "--keep", "/x y", "--strict", "--allow-unsupported"),
    ]


def test_a_trace_as_words() -> None:
    assert TraceRequest().words() == ["--trace"]
    request = TraceRequest((parse_probe("tcp://:6379 PING"),), (Path("/x.sh"),), seconds=5)
    words = ["--probe", "tcp://127.0.0.1:6379 PING", "--exercise", "/x.sh", "--trace-seconds", "5"]
    assert request.words() == words
    assert parse_probe(words[1]) == request.probes[0]
