"""Tasks on many machines: a Dask cluster (distributed.dask.org). Each image is converted once for its digest.

Dask knows a task by its key, and does nothing twice that has the same: here the key of the conversion, in
which the digest of the image is. When a worker is lost, its task goes to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from converter.batch.local import Limits
from converter.batch.model import Outcome, Result, Status, Task
from converter.batch.observer import Observer
from converter.batch.options import options_of
from converter.batch.remote import convert_remotely
from converter.conversion_cache.key import conversion_key
from converter.errors import U2kError, UsageError
from converter.image.open import open_image
from converter.known import profiles_in
from converter.output import whole_file

_CONNECT = 15  # seconds
_LOOKS = 8  # images whose digests are asked for at once
_SLOT = "u2k"  # the resource that says how many conversions a worker does at once


@dataclass(frozen=True, slots=True)
class _Group:
    """Tasks that are one conversion."""

    key: str
    tasks: tuple[Task, ...]


class ClusterRun:
    """One run over some tasks, on the cluster of a scheduler."""

    def __init__(
        self,
        tasks: Sequence[Task],
        folder: Path,
        limits: Limits,
        observer: Observer,
        scheduler: str,
        *,
        reuse: bool = True,
    ) -> None:
        """Errors: UsageError when Dask is not installed; U2kError when no scheduler answers."""
        try:
            self._dask: Any = import_module("distributed")  # most of it has no types
        except ImportError as error:
            raise UsageError(
                "Dask is not installed here", where="--scheduler", hint="pip install 'u2k[cluster]'"
            ) from error
        try:
            self._client = self._dask.Client(scheduler, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise U2kError(
                f"no scheduler answers: {error}",
                where=scheduler,
                hint="start one with `dask scheduler`, and workers as docs/how-to/batch.md says",
            ) from error
        self._tasks, self._folder, self._limits, self._observer = tasks, folder, limits, observer
        self._reuse, self._stopped = reuse, False

    def stop(self) -> None:
        """What has not begun is not begun."""
        self._stopped = True

    def results(self) -> Iterator[Result]:
        """Each task's end, in the order of their ends."""
        try:
            waiting = {self._submit(group): group for group in self._groups()}
            for future in self._dask.as_completed(list(waiting), loop=self._client.loop, raise_errors=False):
                group = waiting.pop(future)
                outcome, files = self._outcome(future, group)
                future.release()
                for result in self._written(group, outcome, files):
                    self._observer.finished(result)
                    yield result
                if self._stopped:
                    self._client.cancel(list(waiting))
                    for group in waiting.values():
                        yield from map(Result.skipped, group.tasks)
                    return
        finally:
            self._client.close()

    def _groups(self) -> list[_Group]:
        with ThreadPoolExecutor(_LOOKS) as pool:
            keys = list(pool.map(_key, self._tasks))
        groups: dict[str, list[Task]] = {}
        for key, task in zip(keys, self._tasks, strict=True):
            groups.setdefault(key, []).append(task)
        return [_Group(key, tuple(tasks)) for key, tasks in groups.items()]

    def _submit(self, group: _Group) -> Any:
        task = group.tasks[0]
        for each in group.tasks:
            self._observer.started(each)
        return self._client.submit(
            convert_remotely,
            asdict(task),
            self._limits.timeout,
            self._limits.share,
            self._reuse,
            key=group.key,
            resources=self._resources(task),
            retries=0,
        )

    def _resources(self, task: Task) -> dict[str, float]:
        """What its worker must have declared: what the task names, and a slot where workers have them."""
        wanted = dict.fromkeys(task.settings.get("requires", ()), 1.0)
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if any(_SLOT in worker.get("resources", {}) for worker in workers):
            wanted[_SLOT] = 1.0
        return wanted

    def _outcome(self, future: Any, group: _Group) -> tuple[Outcome, dict[str, bytes]]:
        image = group.tasks[0].image
        if future.status == "finished":
            told, files = future.result()
            return Outcome.of_document(told), files
        if future.status in ("cancelled", "lost"):
            what, hint = "the cluster has lost it", "start the scheduler again, then --resume"
            return Outcome(Status.CRASHED, 1, what, image, hint), {}
        error = future.exception()
        if type(error).__name__ == "KilledWorker":
            what = "one worker after another ended while it converted it"
            return Outcome(Status.CRASHED, 1, what, image, "they may be short of memory"), {}
        what = f"{type(error).__name__} on a worker: {error}"
        return Outcome(Status.FAILED, 1, what, image, "install the same u2k on all machines"), {}

    def _written(self, group: _Group, outcome: Outcome, files: dict[str, bytes]) -> Iterator[Result]:
        """The files of one conversion, for each of its tasks. Errors: OutputError."""
        first = group.tasks[0].output
        for task in group.tasks:
            for name, data in files.items():
                own = task.output + name.removeprefix(first) if name.startswith(first) else name
                path = self._folder / own
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole_file(path) as file:
                    view = memoryview(data)
                    while view:
                        view = view[file.write(view) :]
            yield Result(task, outcome)


def _key(task: Task) -> str:
    """By the image's digest, where it can be looked up from here; else a worker will say what is wrong.

    Tasks that write documents, push, or have another format are apart: their results are.
    """
    apart = {"save-profile", "seccomp", "sbom", "provenance", "push", "format", "cmdline"}
    own = not apart.isdisjoint(task.settings)
    options = options_of(task.settings)
    try:
        image = open_image(task.image, platform=options.platform, source=options.source)
        profiles = profiles_in([Path(name) for name in task.settings.get("profile", ())])
        return f"u2k-{conversion_key(image, options, profiles)}" + (f"-{task.key}" if own else "")
    except U2kError:
        return f"u2k-{task.key}"
