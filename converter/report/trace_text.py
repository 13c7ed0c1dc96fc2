"""What a trace said, as lines for people."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from converter.profiling import Profiled
from converter.report.text import printable


def watched_lines(profiled: Profiled) -> Iterator[str]:
    """How the run went, and what it showed that was not foretold; nothing when none was asked for."""
    trace = profiled.trace
    if trace is None:
        return
    yield ""
    yield printable(f"traced: {trace.ending}")
    for step in trace.steps:
        yield printable(f"  ran {shlex.join(map(os.fsdecode, step.argv))}")
    for answer in trace.answers:
        yield printable(f"  answer {answer}")
    if trace.forked:
        yield f"  made {trace.forked} processes of itself"
    for path, other in trace.others.items():
        yield printable(f"  started {path} {other.times} times, {len(other.syscalls)} system calls")
    for note in trace.notes:
        yield printable(f"  note: {note}")
    for violation in profiled.violations:
        yield printable(f"not foretold: {violation}")
