"""What would keep an image from being converted, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from converter.analyze.refusal import Refusal, evidence_lines
from converter.report.text import printable


def refusal_lines(refusals: Sequence[Refusal]) -> Iterator[str]:
    """A note for each, with its evidence; nothing if there are none."""
    if not refusals:
        return
    yield ""
    for refusal in refusals:
        yield printable(f"note: needs {refusal.need}, which is missing: it {refusal.what}")
        yield from map(printable, evidence_lines(refusal))
        if refusal.hint:
            yield printable(f"  next: {refusal.hint}")
    yield "u2k convert refuses that, unless --allow-unsupported is given"
