"""A whole batch: what is left to do, who does it, the journal, and what all of it came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from converter.batch.journal import Journal
from converter.batch.local import Limits, LocalRun
from converter.batch.model import Result, Status, Task
from converter.batch.observer import Observer
from converter.batch.options import options_of
from converter.errors import IncompatibleImageError, UsageError
from converter.image.progress import Progress
from converter.image.reference import Reference, parse, parse_registry_name
from converter.link.architecture import architecture
from converter.output import default_name, remove_unfinished

PARTIAL = 6  # exit code: not every image was converted


class Run(Protocol):
    """Who converts: `local.LocalRun`, or `cluster.ClusterRun`."""

    def results(self) -> Iterator[Result]:
        """Each task's end."""

    def stop(self) -> None:
        """Begin no more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch is made of.

    folder: where the results go
    resume: go on with the journal that is there; force: forget it
    keep_going: convert the others when one cannot be
    """

    tasks: Sequence[Task]
    folder: Path
    journal: Path
    resume: bool = False
    force: bool = False
    keep_going: bool = False


def shard(tasks: Sequence[Task], text: str) -> tuple[Task, ...]:
    """The tasks of one of several machines: `2/4` has the second of each four. UsageError: it is none."""
    first, slash, second = text.partition("/")
    if not (slash and first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second) < 10**6):
        raise UsageError(f"{text!r} is no shard", where="--shard", hint="write 1/4, 2/4, 3/4 and 4/4")
    return tuple(task for at, task in enumerate(tasks) if at % int(second) == int(first) - 1)


def pushed_to(tasks: Sequence[Task], prefix: str) -> tuple[Task, ...]:
    """The tasks with a name in a registry: PREFIX/redis:7 for redis:7; an archive's name has the tag latest.

    UsageError when `prefix` is no beginning of a name. What has a name of its own keeps it.
    """
    named = []
    for task in tasks:
        if "push" not in task.settings:
            stem = default_name(task.image).removesuffix(".u2k")
            given = None if Path(task.image).exists() else parse(task.image)
            if isinstance(given, Reference):
                last = given.repository.rpartition("/")[2]
                name = f"{prefix}/{last}:{given.tag or 'latest'}"
            else:
                name = f"{prefix}/{stem.lower()}:latest"
            parse_registry_name(name)
            task = replace(task, settings={**task.settings, "push": name})
        named.append(task)
    return tuple(named)


def journal_path(folder: Path, shard_text: str | None) -> Path:
    """Shards may share a folder, so each has a journal of its own."""
    part = "" if shard_text is None else "-" + shard_text.replace("/", "-of-")
    return folder / f"batch{part}.journal.jsonl"


def run_local(
    batch: Batch, limits: Limits, observer: Observer, progress: Progress, *, reuse: bool = True
) -> list[Result]:
    """On this machine. Errors: UsageError, OutputError, ToolchainError; what images cause is a result."""

    def begin(tasks: Sequence[Task]) -> Run:
        _build_library_os(tasks, progress)
        return LocalRun(tasks, batch.folder, limits, observer, reuse=reuse)

    return finish(batch, begin, observer)


def run_on_cluster(
    batch: Batch, limits: Limits, observer: Observer, scheduler: str, *, reuse: bool = True
) -> list[Result]:
    """On the machines of a Dask cluster. Errors: as `run_local`; as `ClusterRun`."""
    from converter.batch.cluster import ClusterRun

    def begin(tasks: Sequence[Task]) -> Run:
        return ClusterRun(tasks, batch.folder, limits, observer, scheduler, reuse=reuse)

    return finish(batch, begin, observer)


class _Begin(Protocol):
    def __call__(self, tasks: Sequence[Task]) -> Run: ...


def finish(batch: Batch, begin: _Begin, observer: Observer) -> list[Result]:
    """Do what the journal does not have; the results of all tasks, in the order of the list."""
    journal = Journal(batch.journal, resume=batch.resume, force=batch.force)
    try:
        found: dict[str, Result] = {}
        left = []
        for task in batch.tasks:
            outcome = journal.done(task, batch.folder)
            if outcome is None:
                left.append(task)
                remove_unfinished(batch.folder / task.output)
            else:
                found[task.key] = Result(task, outcome)
                observer.finished(found[task.key])
        if left:
            run = begin(left)
            for result in run.results():
                if result.outcome.status is not Status.SKIPPED:
                    journal.add(result.task, result.outcome)
                found[result.task.key] = result
                if not (result.outcome.status.good or batch.keep_going):
                    run.stop()
        return [found[task.key] for task in batch.tasks]
    finally:
        journal.close()


def exit_code(results: Sequence[Result]) -> int:
    """0 when every image was converted."""
    return 0 if all(result.outcome.status.good for result in results) else PARTIAL


def _build_library_os(tasks: Sequence[Task], progress: Progress) -> None:
    """Once, before there are several who would each do it."""
    from converter.link.build import SHARED, build_archive
    from converter.link.kernel import linker_script

    wanted = {
        (task.settings.get("target", "vm"), options_of(task.settings).platform.architecture) for task in tasks
    }
    for target, name in sorted(wanted):
        machine = architecture(name)
        try:
            linker_script(target, machine)
        except IncompatibleImageError:
            continue  # each of these images will say so
        build_archive(SHARED, machine, progress)
        build_archive(target, machine, progress)
