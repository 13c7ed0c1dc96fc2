"""How errors look: plain for machines, one colour for people who have and want it."""

from __future__ import annotations

import io

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
