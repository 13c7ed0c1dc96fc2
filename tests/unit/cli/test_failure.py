"""How errors look: plain for machines, one colour for people who have and want it."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from converter.cli.failure import report, report_bug
from converter.errors import UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "coloured"),
    [
        (Terminal, {}, True),
        (Terminal, {"NO_COLOR": ""}, True),  # empty counts as not set: no-color.org
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {}, False),
    ],
)
def test_colours(
    stream: type[io.StringIO],
    environment: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", shown := stream())
    report(UsageError("what", where="where", hint="hint"))
    report_bug(ValueError("x"))
    assert ("\x1b[" in shown.getvalue()) is coloured
    assert "where: what" in shown.getvalue() and "  next: hint" in shown.getvalue()
    assert "Traceback" not in shown.getvalue()


BEFORE = """
import signal, sys
import converter.__main__ as program
assert "typer" not in sys.modules, "what takes long is loaded later"
assert signal.getsignal(signal.SIGINT) is WANTED
import converter.cli.main
def command():
    assert signal.getsignal(signal.SIGINT) is AGAIN
    print("ran")
converter.cli.main.main = command
program.main()
"""


@pytest.mark.parametrize(
    ("before", "wanted", "again"),
    [
        ("", "signal.SIG_DFL", "signal.default_int_handler"),
        ("signal.signal(signal.SIGINT, signal.SIG_IGN)", "signal.SIG_IGN", "signal.SIG_IGN"),
    ],
)
def test_an_interrupt_while_modules_are_loaded_just_ends(before: str, wanted: str, again: str) -> None:
    """It showed a traceback through the importer."""
    script = "import signal\n" + before + BEFORE.replace("WANTED", wanted).replace("AGAIN", again)
    path = ":".join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": path}, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")
