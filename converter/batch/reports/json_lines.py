"""JSON Lines (jsonlines.org): an object an image, in the order of the list."""

from __future__ import annotations

import json
from collections.abc import Sequence

from converter.batch.model import Result


def json_lines(results: Sequence[Result], batch_file: str) -> str:
    """One line for each image: what was asked for, and the fields of the outcome."""
    return "".join(json.dumps(_line(each, batch_file)) + "\n" for each in results)


def _line(result: Result, batch_file: str) -> dict[str, object]:
    task = result.task
    asked = {"image": task.image, "output": task.output, "settings": dict(task.settings)}
    return {"batch": batch_file, "line": task.line, **asked, **result.outcome.document()}
