"""The continuum on a terminal: a table of all figures, bars of those that differ, and what was not run."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from converter.report.continuum.model import Continuum
from converter.report.continuum.rows import Row, ranged, rows
from converter.report.text import printable

_COLOURS = ("dark_orange", "yellow3", "dodger_blue1", "green3")
_BLOCKS = " ▏▎▍▌▋▊▉█"  # eighths of a character
_LEAST_BAR = 10
_DRAWN = ("packed", "syscalls", "kernel", "start", "memory")


def show(found: Continuum, console: Console) -> None:
    """Print it. Colours and width are the console's."""
    console.print(Text(printable(f"{found.reference}: {found.program}"), style="bold"))
    console.print()
    shown = rows(found)
    console.print(_table(found, shown))
    console.print()
    for row in shown:
        if row.name in _DRAWN and row.highest:
            for line in _bars(found, row, console.width):
                console.print(line)
            console.print()
    for words in _words(found):
        console.print(Text(printable(words)))


def _table(found: Continuum, shown: tuple[Row, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for stop, colour in zip(found.stops, _COLOURS, strict=True):
        table.add_column(escape(stop.title), justify="right", header_style=f"bold {colour}")
    for row in shown:
        table.add_row(row.title, *(cell.text for cell in row.cells))
    return table


def _bars(found: Continuum, row: Row, width: int) -> Iterator[Text]:
    yield Text(row.title, style="bold")
    titles = max(len(stop.title) for stop in found.stops)
    said = [cell.text + ranged(row, cell) for cell in row.cells]
    texts = max(map(len, said))
    room = max(width - titles - texts - 6, _LEAST_BAR)
    for stop, cell, text, colour in zip(found.stops, row.cells, said, _COLOURS, strict=True):
        line = Text(f"  {stop.title:<{titles}}  {text:<{texts}}  ")
        line.append(_bar((cell.value or 0) / row.highest, room), style=colour)
        yield line


def _bar(share: float, room: int) -> str:
    """`share` of `room` characters; what is not nothing is seen."""
    eighths = round(share * room * 8)
    if share > 0:
        eighths = max(eighths, 1)
    return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def _words(found: Continuum) -> Iterator[str]:
    yield f"asked       {found.question}; {found.runs} starts of each, in turns"
    yield f"host        {found.host}"
    for stop in found.stops:
        yield f"{stop.title}: {stop.how}" if stop.how else f"{stop.title}: not run: {stop.why}"
        if stop.how and stop.why:
            yield f"{stop.title}: no figure of a run: {stop.why}"
    for note in found.notes:
        yield f"note: {note}"
