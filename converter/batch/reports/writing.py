"""Which format a report has: its file's name says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from converter.batch.model import Result
from converter.batch.reports.json_lines import json_lines
from converter.batch.reports.junit import junit
from converter.batch.reports.markdown import markdown
from converter.batch.reports.sarif import sarif
from converter.errors import UsageError

FORMATS: dict[str, Callable[[Sequence[Result], str], str]] = {
    ".jsonl": json_lines,
    ".xml": junit,
    ".sarif": sarif,
    ".md": markdown,
}


def report_of(results: Sequence[Result], batch_file: str, path: Path) -> str:
    """The report in the format that `path` is named for. UsageError for another name."""
    return FORMATS[checked_name(path)](results, batch_file)


def checked_name(path: Path) -> str:
    """The suffix that says the format. UsageError for a name that says none."""
    if path.suffix not in FORMATS:
        raise UsageError(
            "its name says no format of a report",
            where=str(path),
            hint="end it with .jsonl (JSON Lines), .xml (JUnit), .sarif or .md (Markdown)",
        )
    return path.suffix
