"""A summary in Markdown (GitHub Flavored Markdown, tables), as CI services show it beside a job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from converter.batch.model import Result, Status
from converter.report.text import binary, printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#])")


def markdown(results: Sequence[Result], batch_file: str) -> str:
    """A heading with the counts, a table of all images, and why those failed that did."""
    return "\n".join(_lines(results, batch_file)) + "\n"


def counts(results: Sequence[Result]) -> str:
    """How many ended in which way, the good ones first: `38 converted, 2 refused`."""
    statuses = [each.outcome.status for each in results]
    return ", ".join(f"{statuses.count(status)} {status}" for status in Status if status in statuses)


def _lines(results: Sequence[Result], batch_file: str) -> Iterator[str]:
    yield f"## u2k batch: {_text(batch_file)}"
    yield ""
    yield f"{len(results)} images: {counts(results)}"
    yield ""
    yield "| image | status | unikernel | time | memory |"
    yield "|---|---|---:|---:|---:|"
    for each in results:
        task, outcome = each.task, each.outcome
        size = f"{_text(task.output)}, {binary(outcome.size)}" if outcome.status.good else ""
        memory = binary(outcome.memory) if outcome.memory else ""
        yield f"| {_text(task.image)} | {outcome.status} | {size} | {outcome.seconds:.1f} s | {memory} |"
    wrong = [each for each in results if not each.outcome.status.good]
    if wrong:
        yield ""
        yield "### Not converted"
        yield ""
    for each in wrong:
        outcome = each.outcome
        said = "; ".join(filter(None, (_text(line.strip()) for line in outcome.error.split("\n"))))
        hint = f" *Next: {_text(outcome.hint)}*" if outcome.hint else ""
        yield f"- **{_text(each.task.image)}** (line {each.task.line}): {said}.{hint}"


def _text(text: str) -> str:
    """Text of strangers is text: no markup, no HTML, one line."""
    return _SPECIAL.sub(r"\\\1", printable(text))
