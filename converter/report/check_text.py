"""Whether an image can be converted, as lines for people and as findings."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from converter.check import Check, Obstacle
from converter.report.sarif import Finding
from converter.report.text import printable, wrapped


def lines(found: Check) -> Iterator[str]:
    """The answer first, then what is in the way, then what else is to be known."""
    answer = "can be converted" if found.convertible else "cannot become a unikernel"
    yield printable(f"{found.reference}: {answer}")
    if found.program:
        yield printable(f"program     {shlex.join(found.program)}")
    for obstacle in found.obstacles:
        yield from _obstacle("in the way", obstacle)
    for obstacle in found.allowed:
        yield from _obstacle("let pass", obstacle)
    if found.absent:
        yield f"absent      {len(found.absent)} of the system calls that it may make (ENOSYS):"
        yield from wrapped(found.absent, " " * 12)
    for note in found.notes:
        yield printable(f"note: {note}")
    if found.convertible:
        yield printable(f"next: u2k convert {shlex.quote(found.reference)}")


def _obstacle(field: str, obstacle: Obstacle) -> Iterator[str]:
    first, *more = obstacle.what.split("\n")
    yield printable(f"{field:<12}{first}")
    for line in (*more, *obstacle.evidence):
        yield printable(f"            {line.strip()}")
    if obstacle.hint:
        yield printable(f"  next: {obstacle.hint}")


def findings(found: Check, file: str = "", line: int = 0) -> Iterator[Finding]:
    """The same for SARIF; `file` and `line` are where the image is named."""

    def finding(rule: str, level: str, message: str) -> Finding:
        return Finding(rule, level, message, found.reference, file, line)

    for level, obstacles in (("error", found.obstacles), ("warning", found.allowed)):
        for each in obstacles:
            hint = [f"next: {each.hint}"] if each.hint else []
            yield finding("incompatible", level, "\n".join((each.what, *each.evidence, *hint)))
    if found.absent:
        yield finding("absent-calls", "note", "it may make " + ", ".join(found.absent))
    for note in found.notes:
        yield finding("not-closed", "note", note)
