"""The journal: what was written stays, what was torn is cut off, and one process has it at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.batch.journal import Journal
from converter.batch.model import Outcome, Status, Task
from converter.errors import OutputError, UsageError

TASKS = [Task(number, f"image:{number}", f"{number}.u2k") for number in (1, 2, 3)]
GOOD = Outcome(Status.CONVERTED, digest="sha256:x", size=3, seconds=1.5, memory=7)
REFUSED = Outcome(Status.REFUSED, 3, "needs a GPU", "p", "h", needs=("a GPU",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def written(path: Path) -> bytes:
    journal = Journal(path)
    journal.add(TASKS[0], GOOD)
    journal.add(TASKS[1], REFUSED)
    journal.close()
    return path.read_bytes()


def resumed(path: Path) -> dict[str, Outcome]:
    journal = Journal(path, resume=True)
    journal.close()
    return journal.outcomes


def test_outcomes_come_back(path: Path) -> None:
    written(path)
    assert resumed(path) == {TASKS[0].key: GOOD, TASKS[1].key: REFUSED}


def test_torn_at_any_byte_it_has_all_whole_lines(path: Path) -> None:
    data = written(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        journal = Journal(path, resume=True)
        assert len(journal.outcomes) == max(data[:length].count(b"\n") - 1, 0)
        journal.add(TASKS[2], GOOD)
        journal.close()
        assert resumed(path)[TASKS[2].key] == GOOD, length
        assert path.read_bytes().endswith(b"\n")


def test_a_damaged_line_is_no_outcome(path: Path) -> None:
    lines = written(path).splitlines(keepends=True)
    for damage in (
        b"\0\0\0\n",
        b"[]\n",
        b"{}\n",
        b'{"key": "x", "outcome": {"status": "well"}}\n',
        b"[" * 5000 + b"\n",
    ):
        path.write_bytes(lines[0] + damage + lines[2])
        assert resumed(path) == {TASKS[1].key: REFUSED}


def test_what_is_done(path: Path, tmp_path: Path) -> None:
    written(path)
    journal = Journal(path, resume=True)
    assert journal.done(TASKS[0], tmp_path) is None, "its file is not there"
    (tmp_path / "1.u2k").write_bytes(b"ab")
    assert journal.done(TASKS[0], tmp_path) is None, "its file is another"
    (tmp_path / "1.u2k").write_bytes(b"abc")
    assert journal.done(TASKS[0], tmp_path) == GOOD
    assert journal.done(TASKS[1], tmp_path) == REFUSED
    assert journal.done(TASKS[2], tmp_path) is None
    journal.add(TASKS[2], Outcome(Status.FAILED, 4, "no network"))
    assert journal.done(TASKS[2], tmp_path) is None, "it may be another thing now"
    journal.close()


def test_it_is_not_taken_for_granted(path: Path) -> None:
    written(path)
    with pytest.raises(UsageError, match="an earlier batch"):
        Journal(path)
    Journal(path, force=True).close()
    assert resumed(path) == {}


def test_two_at_once(path: Path) -> None:
    journal = Journal(path)
    journal.add(TASKS[0], GOOD)
    for how in ({"resume": True}, {"force": True}):
        with pytest.raises(UsageError, match="another u2k batch"):
            Journal(path, **how)
    journal.close()
    assert len(resumed(path)) == 1


def test_another_file_is_left_alone(path: Path) -> None:
    path.write_text("my notes\n")
    with pytest.raises(UsageError, match="no journal"):
        Journal(path, resume=True)
    assert path.read_text() == "my notes\n"


def test_where_nothing_can_be_written() -> None:
    with pytest.raises(OutputError):
        Journal(Path("/dev/null/journal"))
