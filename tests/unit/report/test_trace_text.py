"""What a trace says to people: bounded, in order, and no more than a line each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from converter.analyze.users import Credentials
from converter.profile.model import Profile, Subject
from converter.profiling import Profiled
from converter.report.trace_text import watched_lines
from converter.trace.model import Ran, Started, Trace

SUBJECT = Subject("x", "sha256:0", "linux/amd64", "/x", ("x",), (), "/", (0, 0))


def step(*argv: bytes) -> Started:
    return Started(argv[0], argv, (), b"/", Credentials())


def said(**more: object) -> list[str]:
    facts = {"steps": (), "more_steps": 0, "forked": 0, "others": {}, "ending": "it ended", **more}
    trace = Trace(profile=Profile(SUBJECT, "1"), program=None, **facts)  # type: ignore[arg-type]
    return list(watched_lines(cast(Profiled, SimpleNamespace(trace=trace, violations=()))))


def test_one_is_singular() -> None:
    others = {"/bin/id": Ran(b"/bin/id", b"/x", 1, {"read": ()}), "/bin/ls": Ran(b"/bin/ls", b"/x", 2, {})}
    assert said(forked=1, others=others)[2:] == [
        "  made 1 process of itself",
        "  started /bin/id 1 time, 1 system call",
        "  started /bin/ls 2 times, 0 system calls",
    ]


def test_a_program_that_executes_itself_again_and_again_is_one_line() -> None:
    lines = said(steps=(step(b"a"), *[step(b"b", b"c d")] * 3), more_steps=7)
    assert lines[2:] == ["  ran a", "  ran b 'c d' (3 times)", "  ran 7 programs more after these"]


def test_long_lists_and_lines_are_cut() -> None:
    lines = said(answers=tuple(f"{number}" for number in range(100)), steps=(step(b"x" * 10_000),))
    assert len(lines[2]) < 220
    assert lines[-1] == "  ... and 80 more"
