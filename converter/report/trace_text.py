"""What a trace said, as lines for people."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from converter.profiling import Profiled
from converter.report.text import printable
from converter.trace.model import Trace

_SHOWN = 20  # lines of a kind
_WIDEST = 200  # characters of one


def watched_lines(profiled: Profiled) -> Iterator[str]:
    """How the run went, and what it showed that was not foretold; nothing when none was asked for."""
    trace = profiled.trace
    if trace is None:
        return
    yield ""
    yield printable(f"traced: {trace.ending}")
    yield from _some(_steps(trace))
    yield from _some(f"answer {answer}" for answer in trace.answers)
    if trace.forked:
        yield f"  made {_count(trace.forked, 'process', 'processes')} of itself"
    yield from _some(
        f"started {path} {_count(other.times, 'time', 'times')}, "
        + _count(len(other.syscalls), "system call", "system calls")
        for path, other in trace.others.items()
    )
    yield from _some(f"note: {note}" for note in trace.notes)
    for violation in profiled.violations:
        yield printable(f"not foretold: {violation}")


def _steps(trace: Trace) -> Iterator[str]:
    """Programs that the first process executed on the way; one that executes itself again is one line."""
    for argv, same in groupby(step.argv for step in trace.steps):
        count = sum(1 for _ in same)
        words = shlex.join(map(os.fsdecode, argv))
        yield f"ran {words}" + (f" ({_count(count, 'time', 'times')})" if count > 1 else "")
    if trace.more_steps:
        yield f"ran {_count(trace.more_steps, 'program', 'programs')} more after these"


def _some(lines: Iterable[str]) -> Iterator[str]:
    rest = iter(lines)
    for line in islice(rest, _SHOWN):
        cut = line if len(line) <= _WIDEST else line[:_WIDEST] + "..."
        yield "  " + printable(cut)
    if more := sum(1 for _ in rest):
        yield f"  ... and {more} more"


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
