"""The table and the bars on a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable

from rich.console import Console

from converter.report.continuum.model import Continuum
from converter.report.continuum.rows import duration
from converter.report.continuum.terminal import _bar, show

MakeUp = Callable[..., Continuum]


def shown(found: Continuum, width: int = 100) -> str:
    out = io.StringIO()
    show(found, Console(file=out, width=width))
    return out.getvalue()


def test_table_and_bars(made_up: MakeUp) -> None:
    text = shown(made_up())
    lines = [line.split() for line in text.splitlines()]
    assert ["setuid", "programs", "11", "0", "0", "0"] in lines
    assert ["kernel", "code", "19.0", "MiB", "19.0", "MiB", "244.1", "KiB", "239.3", "KiB"] in lines
    assert "250 ms (200 ms to 400 ms)" in text
    assert "Unikernel, machine: not run: no QEMU" in text
    assert "\x1b" not in text, "colours are for terminals"


def test_a_bar_is_as_long_as_its_share() -> None:
    assert _bar(1, 10) == "█" * 10
    assert _bar(0.5, 10) == "█" * 5
    assert _bar(0.51, 10) == "█" * 5 + "▏"
    assert _bar(0.0001, 10) == "▏", "what is not nothing is seen"
    assert _bar(0, 10) == ""


def test_a_narrow_terminal(made_up: MakeUp) -> None:
    assert max(map(len, shown(made_up(), width=40).splitlines())) <= 40


def test_times() -> None:
    assert [duration(each) for each in (0.0078, 0.312, 1.418)] == ["7.8 ms", "312 ms", "1.42 s"]
