"""Tracing an entrypoint that prepares something first: the program is what it comes to in the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.errors import RunError
from converter.options import Options
from converter.profiling import Profiled, profile_image
from converter.trace import exercise, native
from converter.trace.request import TraceRequest, parse_probe
from converter.trace.sandbox import check

SANDBOX = check()
pytestmark = [
    pytest.mark.skipif("work" not in SANDBOX.found, reason=f"no sandbox here: {SANDBOX.found}"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="needs x86-64"),
]
# Of awk nobody knows by reading what it writes, so that only a run decides.
UNREAD = "busybox awk 'BEGIN { print 1 }' >made; "


@pytest.fixture
def traced(image: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Profiled]:
    monkeypatch.setattr(native, "_GRACE", 1.0)
    monkeypatch.setattr(exercise, "_IDLE", 1.0)
    monkeypatch.setattr(exercise, "_IDLE_COMING", 5.0)

    def run(script: str, *probes: str, seconds: float = 60) -> Profiled:
        options = Options(entrypoint=("/bin/sh",), args=("-ec", script))
        request = TraceRequest(tuple(map(parse_probe, probes)), seconds=seconds)
        return profile_image(str(image("redis")), options, trace=request)

    return run


def test_an_entrypoint_that_rests_is_not_the_program(traced: Callable[..., Profiled]) -> None:
    found = traced(UNREAD + "busybox sleep 3; echo x >late; exec busybox tail -f late")
    assert found.reading.program.argv == (b"busybox", b"tail", b"-f", b"late")
    assert found.reading.resolution.decided_by == "trace"
    assert found.trace is not None
    assert found.trace.changed == (b"/data/late", b"/data/made")


def test_a_server_for_the_preparations_is_not_asked(traced: Callable[..., Profiled]) -> None:
    server = "busybox nc -ll -p 8081 -e busybox echo"
    script = f"{server} temporary & busybox sleep 2; kill $!; exec {server} real"
    found = traced(UNREAD + script, "tcp://:8081 x")
    assert found.trace is not None
    assert found.trace.answers == ("tcp://127.0.0.1:8081 x: answered b'real\\n'",)
    assert found.reading.program.argv[-1] == b"real"


@pytest.mark.parametrize(("before", "decided_by"), [(UNREAD, "trace"), ("", "script")])
def test_the_last_command_of_a_script_is_the_program(
    traced: Callable[..., Profiled], before: str, decided_by: str
) -> None:
    script = before + "cd /; sleep 1; A=b busybox tail -f /etc/passwd"
    found = traced(script)
    program = found.reading.program
    assert program.argv == (b"busybox", b"tail", b"-f", b"/etc/passwd")
    assert (program.cwd, program.environment[b"A"]) == (b"/", b"b")
    assert found.reading.resolution.decided_by == decided_by
    if before:
        assert found.trace is not None
        assert found.trace.changed == (b"/data/made",)


def test_an_entrypoint_that_comes_to_no_program_says_what_it_waits_for(
    traced: Callable[..., Profiled],
) -> None:
    with pytest.raises(RunError, match=r"came to no program: stopped after 4 .*/bin/sh still runs") as caught:
        traced("while :; do busybox sleep 1; done", seconds=4)
    assert "--trace-seconds" in str(caught.value.hint)
    with pytest.raises(RunError, match=r"nothing new for 5 .* which waits for .*busybox"):
        traced("set +e; " + UNREAD + "busybox sleep 99 & wait")
