"""A process that converts images one after another: tasks come on its input, outcomes go to its output.

    python -m converter.batch.worker FOLDER LIMIT [--no-cache]

One JSON object a line each way. LIMIT is how many bytes of data it may have (setrlimit(2), RLIMIT_DATA);
0: any. The end of its input is the end of whoever started it: then it ends at once, and so does every program
that it runs, which are in its process group.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from converter.batch.converting import convert_task, peak_memory
from converter.batch.model import Task


def main(folder: Path, limit: int, *, reuse: bool) -> None:
    """Until there are no more tasks, or so much memory was used that a new process is better."""
    answers = _answers()
    tasks: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    if limit:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    while True:
        outcome = convert_task(Task(**tasks.get()), folder, reuse=reuse)
        worn = bool(limit) and peak_memory() > limit // 2
        print(json.dumps({"outcome": outcome.document(), "ends": worn}), file=answers, flush=True)
        if worn:
            return


def _answers() -> TextIO:
    """Standard output for answers alone: whatever else is printed goes to standard error."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _read(tasks: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        tasks.put(json.loads(line))
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), reuse="--no-cache" not in sys.argv[3:])
