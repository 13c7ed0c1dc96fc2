"""What a machine of a cluster does with a task: convert in a process of its own, and send the results back.

This is called by Dask's workers; the process ends with them, so that a killed one costs its task and no more.
"""

from __future__ import annotations

import select
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.batch.model import Outcome, Status, Task
from converter.batch.worker_process import WorkerProcess, WorkerSettings

_RETURNED_MAX = 1 << 30  # bytes of results that go over the cluster's connections
_TICK = 0.1  # seconds


def convert_remotely(
    told: Mapping[str, Any], timeout: float | None, limit: int, reuse: bool
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The outcome's document, and the files that were written by their names; none if they were pushed.

    told: the task's fields; limit: as `WorkerSettings.limit`
    """
    task = Task(**told)
    with tempfile.TemporaryDirectory(prefix="u2k-batch-") as name:
        folder = Path(name)
        outcome = _converted(task, WorkerSettings(folder, limit, reuse), timeout)
        if not outcome.status.good or outcome.pushed:
            return outcome.document(), {}
        found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
        if sum(path.stat().st_size for path in found.values()) > _RETURNED_MAX:
            what = f"results of more than {_RETURNED_MAX >> 20} MiB are not sent back"
            hint = "have them pushed to a registry: push: REGISTRY/NAME:TAG"
            return Outcome(Status.FAILED, 1, what, task.image, hint).document(), {}
        return outcome.document(), {name: path.read_bytes() for name, path in found.items()}


def _converted(task: Task, settings: WorkerSettings, timeout: float | None) -> Outcome:
    worker = WorkerProcess(settings)
    try:
        worker.begin(task)
        while (outcome := worker.outcome(timeout)) is None:
            select.select([worker], [], [], _TICK)
        return outcome
    finally:
        worker.end()
