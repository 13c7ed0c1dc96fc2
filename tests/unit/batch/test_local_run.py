"""Batches on this machine, with the worker processes that they really have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from converter.batch.journal import Journal
from converter.batch.local import Limits, LocalRun
from converter.batch.memory import LEAST, budget
from converter.batch.model import Outcome, Result, Status, Task
from converter.batch.run import Batch, exit_code, finish, journal_path, pushed_to, shard
from converter.batch.worker_process import WorkerProcess
from converter.errors import UsageError
from converter.link.manifest import read_manifest
from tests.unit.batch.conftest import MakeImage

LIMITS = Limits(jobs=2, memory=2 << 30, timeout=120, retries=1, delay=0.05)


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.again_for: list[tuple[str, Status]] = []

    def started(self, task: Task) -> None:
        self.begun.append(task.image)

    def again(self, task: Task, outcome: Outcome, seconds: float) -> None:
        self.again_for.append((task.image, outcome.status))

    def finished(self, result: Result) -> None:
        pass

    def passing(self) -> None:
        pass


def tasks_of(images: Sequence[str], **settings: object) -> list[Task]:
    return [Task(at, image, f"{at}.u2k", settings, at) for at, image in enumerate(images, 1)]


def run(
    tasks: Sequence[Task], folder: Path, limits: Limits = LIMITS, told: Told | None = None, **how: bool
) -> list[Result]:
    """With a journal in `folder`."""
    observer = told or Told()
    batch = Batch(tasks, folder, journal_path(folder, None), **how)
    return finish(batch, lambda left: LocalRun(left, folder, limits, observer), observer)


def statuses(results: Sequence[Result]) -> list[Status]:
    return [result.outcome.status for result in results]


def test_results_come_in_the_order_of_the_list(make_image: MakeImage, tmp_path: Path) -> None:
    none = str(tmp_path / "none.tar")
    tasks = tasks_of(
        [
            make_image("a"),
            none,
            make_image("b", Cmd=["/none"]),
            make_image("c"),
            make_image("a2", Env=["NAME=a"]),
        ]
    )
    results = run(tasks, tmp_path, keep_going=True)
    good = {Status.CONVERTED, Status.REUSED}
    found = statuses(results)
    assert [result.task for result in results] == tasks
    assert found[1:4] == [Status.FAILED, Status.REFUSED, Status.CONVERTED]
    assert {found[0], found[4]} == good, "one digest is converted once"
    assert results[1].outcome.exit_code == 2 and results[2].outcome.exit_code == 3
    assert exit_code(results) == 6
    for result in results:
        if result.outcome.status.good:
            assert read_manifest(tmp_path / result.task.output).source_digest == result.outcome.digest
        else:
            assert result.outcome.error and not (tmp_path / result.task.output).exists()
    assert not list(tmp_path.glob(".*"))


def test_the_first_failure_ends_it(make_image: MakeImage, tmp_path: Path) -> None:
    tasks = tasks_of([make_image("a", Cmd=["/none"]), make_image("b"), make_image("c")])
    first = run(tasks, tmp_path, Limits(jobs=1, memory=1 << 30))
    assert statuses(first) == [Status.REFUSED, Status.SKIPPED, Status.SKIPPED]
    told = Told()
    again = run(tasks, tmp_path, told=told, resume=True, keep_going=True)
    assert statuses(again) == [Status.REFUSED, Status.CONVERTED, Status.CONVERTED]
    assert sorted(told.begun) == sorted(task.image for task in tasks[1:])
    last = Told()
    assert run(tasks, tmp_path, told=last, resume=True) == again
    assert last.begun == []


def test_an_image_that_takes_too_long(make_image: MakeImage, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.tar")  # opening it waits for a writer
    tasks = tasks_of([str(tmp_path / "never.tar"), make_image("a")])
    first = run(tasks[:1], tmp_path, Limits(jobs=1, memory=1 << 30, timeout=2))
    assert statuses(first) == [Status.TIMEOUT]
    assert "longer than 2 seconds" in first[0].outcome.error
    assert statuses(run(tasks[1:], tmp_path, resume=True)) == [Status.CONVERTED]


def test_sources_are_tried_again(tmp_path: Path) -> None:
    told = Told()
    tasks = tasks_of(["127.0.0.1:1/none:1"], source="registry")
    (result,) = run(tasks, tmp_path, told=told)
    assert (result.outcome.status, result.outcome.exit_code, result.outcome.attempts) == (Status.FAILED, 4, 2)
    assert told.again_for == [("127.0.0.1:1/none:1", Status.FAILED)]
    assert "refused" in result.outcome.error
    limits = Limits(retries=3, delay=1)
    assert [limits.again(tasks[0], result.outcome, attempts) for attempts in (1, 2, 3, 4)] == [1, 2, 4, None]
    assert limits.again(tasks[0], Outcome(Status.REFUSED, 3), 1) is None


def test_a_damaged_archive_is_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"x" * 5000)
    (result,) = run(tasks_of([str(tmp_path / "a.tar")]), tmp_path)
    assert (result.outcome.exit_code, result.outcome.attempts) == (4, 1)


def test_a_process_that_is_killed(
    make_image: MakeImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, as by the kernel when memory is short: the task is tried again in another."""
    begin, killed = WorkerProcess.begin, []

    def begin_and_kill(self: WorkerProcess, task: Task) -> None:
        begin(self, task)
        if not killed:
            killed.append(task)
            os.kill(self._process.pid, 9)

    monkeypatch.setattr(WorkerProcess, "begin", begin_and_kill)
    told = Told()
    results = run(tasks_of([make_image("a"), make_image("b")]), tmp_path, told=told)
    assert statuses(results) == [Status.CONVERTED, Status.CONVERTED]
    assert [status for _, status in told.again_for] == [Status.CRASHED]
    assert max(result.outcome.attempts for result in results) == 2


def test_what_needs_more_memory_gets_all_of_it(make_image: MakeImage, tmp_path: Path) -> None:
    """20 MB of data are too little for any conversion, and 256 MB are enough for this one."""
    told = Told()
    limits = Limits(jobs=12, memory=12 * (20 << 20))
    results = run(tasks_of([make_image("a"), make_image("b")]), tmp_path, limits, told)
    assert statuses(results) == [Status.CONVERTED, Status.CONVERTED]
    assert {status for _, status in told.again_for} == {Status.MEMORY}
    alone = Limits(jobs=1, memory=20 << 20)
    (result,) = run(tasks_of([make_image("c")]), tmp_path / "..", alone, force=True)
    assert result.outcome.status is Status.MEMORY
    assert "--memory" in result.outcome.hint


def test_shards_are_the_whole(tmp_path: Path) -> None:
    tasks = tasks_of([f"image:{at}" for at in range(7)])
    parts = [shard(tasks, f"{at}/3") for at in (1, 2, 3)]
    assert sorted(task.number for part in parts for task in part) == list(range(1, 8))
    assert [len(part) for part in parts] == [3, 2, 2]
    assert shard(tasks, "9/9") == ()
    assert len({journal_path(tmp_path, text) for text in (None, "1/3", "2/3")}) == 3
    for text in ("", "0/3", "4/3", "1", "a/b", "1/0", "-1/3"):
        with pytest.raises(UsageError):
            shard(tasks, text)


def test_names_in_a_registry(make_image: MakeImage) -> None:
    tasks = [
        *tasks_of(["redis:7", "quay.io/x/app@sha256:" + "0" * 64, make_image("Big")]),
        Task(4, "nginx:1", "4.u2k", {"push": "own.example/place:1"}),
    ]
    names = [task.settings["push"] for task in pushed_to(tasks, "reg.example/u")]
    assert names == [
        "reg.example/u/redis:7", "reg.example/u/app:latest", "reg.example/u/big:latest", "own.example/place:1"
    ]  # fmt: skip
    with pytest.raises(UsageError):
        pushed_to(tasks, "no place")


def test_memory_that_is_too_little_is_said() -> None:
    assert budget(1 << 30, 2) == 1 << 30
    assert budget(None, 1) >= LEAST
    with pytest.raises(UsageError, match="too little"):
        budget(LEAST, 2)


def test_a_line_for_each_that_was_done(make_image: MakeImage, tmp_path: Path) -> None:
    tasks = tasks_of([make_image("a"), make_image("b")])
    run(tasks, tmp_path)
    journal = Journal(journal_path(tmp_path, None), resume=True)
    journal.close()
    assert set(journal.outcomes) == {task.key for task in tasks}
