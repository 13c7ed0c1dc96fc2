"""The figures as rows of text, one a figure, that terminal and page show in the same words and order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from converter.report.container_calls import DESCRIPTION
from converter.report.continuum.model import Continuum, Spread, Stop
from converter.report.text import binary


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one stop. `value` None: not known; `least`, `most`: of what varies."""

    value: float | None
    text: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A figure at every stop. `method`: how it was found, the same everywhere."""

    name: str
    title: str
    method: str
    cells: tuple[Cell, ...]

    @property
    def highest(self) -> float:
        """Of all stops, whiskers included; 0: nothing to draw."""
        return max((each.most or each.value or 0 for each in self.cells), default=0)


_CONTENTS = (
    ("files", "files", "regular files of the root"),
    ("packages", "packages", "that own a file of the root"),
    ("binaries", "ELF binaries", "programs, libraries and objects"),
    ("shells", "shells", "programs that a shell's name leads to"),
    ("setuid", "setuid programs", "with the set-user-ID or set-group-ID bit"),
)
_CALLS = f"container: {DESCRIPTION}; slim: its own profile; unikernel: those linked"
_KERNEL = "machine code of the kernel that answers; the host's without its modules"


def rows(found: Continuum) -> tuple[Row, ...]:
    """All of them."""

    def row(name: str, title: str, method: str, cell: Callable[[Stop], Cell]) -> Row:
        return Row(name, title, method, tuple(map(cell, found.stops)))

    def contents(name: str, title: str, method: str) -> Row:
        return row(name, title, method, lambda stop: _count(getattr(stop.figures.contents, name)))

    asked = f"asked: {found.question}; median of {found.runs}, least and most"
    answered = "start to the end" if found.job else "start to first response"
    made = [
        row("bytes", "on disk", "plain layers, or the file", lambda stop: _size(stop.figures.bytes)),
        row(
            "packed",
            "to send",
            "each layer, or the file, by gzip -6",
            lambda stop: _size(stop.figures.packed),
        ),
        row("syscalls", "system calls reachable", _CALLS, lambda stop: _count(stop.figures.syscalls)),
        row("kernel", "kernel code", _KERNEL, lambda stop: _size(stop.figures.kernel)),
        row("start", answered, asked, lambda stop: _spread(stop, "seconds", duration)),
    ]
    if not found.job:
        method = "PSS of its processes half a second later; of QEMU for a machine"
        made.append(row("memory", "memory at rest", method, lambda stop: _spread(stop, "memory", size)))
    made += [contents(*each) for each in _CONTENTS]
    return tuple(made)


def ranged(row: Row, cell: Cell) -> str:
    """From the least to the most, where it varies."""
    if cell.least is None or cell.most is None:
        return ""
    shown = duration if row.name == "start" else size
    return f" ({shown(cell.least)} to {shown(cell.most)})"


def size(value: float) -> str:
    """Bytes for people."""
    return binary(int(value))


def duration(seconds: float) -> str:
    """7.8 ms, 312 ms, 1.42 s."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s"


def _size(value: int | None) -> Cell:
    return Cell(None, "not told") if value is None else Cell(value, size(value))


def _count(value: int) -> Cell:
    return Cell(value, str(value))


def _spread(stop: Stop, what: str, text: Callable[[float], str]) -> Cell:
    values = () if stop.measured is None else getattr(stop.measured, what)
    spread = Spread.of(values)
    if spread is None:
        return Cell(None, "not run" if stop.measured is None else "not told")
    return Cell(spread.median, text(spread.median), spread.least, spread.most)
