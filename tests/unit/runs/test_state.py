"""Names, folders and what is written down of runs."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from converter.errors import RunError, UsageError
from converter.runs.folder import claim, folder_of, forget, known_runs, runs_folder
from converter.runs.identity import ProcessIdentity, this_process
from converter.runs.names import checked_name, random_name
from converter.runs.state import STATE, Health, RunState, read_state, write_state


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def state(name: str = "a", **more: object) -> RunState:
    plain = RunState(name, "x.u2k", ("/bin/x", "-v"), 1.5, this_process())
    return replace(plain, **more)  # type: ignore[arg-type]


def test_what_is_written_is_read() -> None:
    written = state(health=Health("unhealthy", 3, "no"), published=("0.0.0.0:1->2/tcp",), exit_code=0)
    assert read_state(claim(written)) == written


def test_the_folder_is_for_the_user_alone() -> None:
    assert runs_folder().stat().st_mode & 0o077 == 0
    assert claim(state()).stat().st_mode & 0o077 == 0


def test_of_many_who_want_a_name_one_gets_it() -> None:
    def attempt(number: int) -> bool:
        try:
            claim(state(created=number))
        except RunError as error:
            assert error.run_status == 125 and "u2k rm -f a" in str(error.hint)
            return False
        return True

    with ThreadPoolExecutor(16) as workers:
        assert sum(workers.map(attempt, range(64))) == 1
    assert [each.name for each in runs_folder().iterdir()] == ["a"]


def test_a_name_is_free_again_once_it_is_forgotten() -> None:
    forget(claim(state()))
    assert list(runs_folder().iterdir()) == []
    claim(state())


def test_unknown_names_are_refused() -> None:
    (runs_folder() / "empty").mkdir()
    for name in ("a", "", ".", "..", "../runs", "empty", "a/b", "x" * 300):
        with pytest.raises(RunError, match="no run of this name"):
            folder_of(name)


def test_the_latest_run_comes_first_and_damaged_ones_are_passed_over() -> None:
    for name, created in (("old", 1), ("new", 3), ("middle", 2), ("bad", 4)):
        claim(state(name, created=created))
    (runs_folder() / "bad" / STATE).write_text("{")
    assert [each.name for _, each in known_runs()] == ["new", "middle", "old"]
    with pytest.raises(RunError, match="cannot be read"):
        folder_of("bad")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 2}', "\xff", "[" * 100000, '{"schema": 1, "x": 1}']
)
def test_a_damaged_state_is_an_error_with_a_next_step(text: str) -> None:
    folder = claim(state())
    (folder / STATE).write_text(text, encoding="latin-1")
    with pytest.raises(RunError) as refused:
        read_state(folder)
    assert refused.value.hint is not None


def test_a_process_is_known_by_more_than_its_number() -> None:
    own = this_process()
    assert own.alive()
    assert not replace(own, start=own.start + 1).alive()
    assert not replace(own, boot="another").alive()
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE) as child:
        gone = ProcessIdentity(child.pid)
    assert not gone.alive()


def test_a_run_without_its_keeper_is_orphaned() -> None:
    running = state(status="running")
    assert running.going and not running.orphaned
    dead = replace(running, keeper=replace(running.keeper, start=1))
    assert dead.orphaned and not dead.going
    ended = replace(dead, status="exited")
    assert not ended.going and not ended.orphaned


def test_readers_never_see_half_a_state() -> None:
    folder = claim(state())
    with ThreadPoolExecutor(2) as workers:
        writing = workers.submit(
            lambda: [write_state(folder, state(command=("x" * number,))) for number in range(300)]
        )
        while not writing.done():
            assert read_state(folder) is not None
        writing.result()
    json.loads((folder / STATE).read_text())


def test_names() -> None:
    for _ in range(200):
        checked_name(random_name())
    for wrong in ("", "-a", ".a", "a b", "a/b", "ä", "a\n", "x" * 64):
        with pytest.raises(UsageError):
            checked_name(wrong)
