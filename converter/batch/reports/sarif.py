"""SARIF of a batch: a finding for each image that was not converted, at its line of the batch file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from converter.batch.model import Result, Status
from converter.report.sarif import Finding, sarif_log


def sarif(results: Sequence[Result], batch_file: str) -> str:
    """The log. Images that were skipped are no findings, but make the run an unsuccessful one."""
    skipped = any(each.outcome.status is Status.SKIPPED for each in results)
    return sarif_log(_findings(results, batch_file), successful=not skipped)


def _findings(results: Sequence[Result], batch_file: str) -> Iterator[Finding]:
    for result in results:
        task, outcome = result.task, result.outcome
        if outcome.status.good or outcome.status is Status.SKIPPED:
            continue
        rule = "incompatible" if outcome.status is Status.REFUSED else "not-converted"
        place = f"{outcome.where}: " if outcome.where and outcome.where != task.image else ""
        hint = f"\nnext: {outcome.hint}" if outcome.hint else ""
        yield Finding(rule, "error", f"{place}{outcome.error}{hint}", task.image, batch_file, task.line)
