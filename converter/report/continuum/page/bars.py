"""Plots of one figure at all stops, as SVG as wide as its place: sizes are in percent, letters in pixels."""

from __future__ import annotations

from converter.report.continuum.model import Continuum
from converter.report.continuum.page.markup import Markup, tag, text
from converter.report.continuum.rows import Cell, Row, ranged, size

_STEP = 38  # pixels from one stop to the next
_BASELINE, _BAR_TOP, _BAR_HEIGHT = 13, 20, 8
_LEAST = 0.6  # percent: what is not nothing is seen


def plot(found: Continuum, row: Row) -> Markup:
    """A bar for each stop, with a line from the least to the most where it varies."""
    parts: list[str] = []
    for number, (stop, cell) in enumerate(zip(found.stops, row.cells, strict=True)):
        top = number * _STEP
        parts += [
            tag("text", stop.title, x="0", y=top + _BASELINE, class_="stop"),
            tag("text", cell.text, x="100%", y=top + _BASELINE, class_="value", text_anchor="end"),
            tag("rect", x="0", y=top + _BAR_TOP, width="100%", height=_BAR_HEIGHT, rx=4, class_="track"),
        ]
        if cell.value and row.highest:
            wide = max(cell.value / row.highest * 100, _LEAST)
            drawn = f"bar {stop.name}"
            parts.append(
                tag(
                    "rect",
                    x=0,
                    y=top + _BAR_TOP,
                    width=f"{wide:.2f}%",
                    height=_BAR_HEIGHT,
                    rx=4,
                    class_=drawn,
                )
            )
        parts += _whisker(cell, row, top)
    height = len(found.stops) * _STEP - (_STEP - _BAR_TOP - _BAR_HEIGHT) + 4
    return tag("svg", parts, width="100%", height=height, role="img", aria_label=spoken(found, row))


def spoken(found: Continuum, row: Row) -> str:
    """The figure in a sentence."""
    said = (
        f"{stop.title} {cell.text}{ranged(row, cell)}"
        for stop, cell in zip(found.stops, row.cells, strict=True)
    )
    return f"{row.title}: " + ", ".join(said)


def _whisker(cell: Cell, row: Row, top: int) -> list[Markup]:
    if cell.least is None or cell.most is None or not row.highest:
        return []
    first, last = (f"{value / row.highest * 100:.2f}%" for value in (cell.least, cell.most))
    middle = top + _BAR_TOP + _BAR_HEIGHT / 2
    ends = [tag("line", x1=x, x2=x, y1=middle - 6, y2=middle + 6, class_="whisker") for x in (first, last)]
    return [tag("line", x1=first, x2=last, y1=middle, y2=middle, class_="whisker"), *ends]


def strip(pieces: tuple[tuple[str, int], ...]) -> Markup:
    """A whole in its pieces, one beside the other."""
    whole = sum(value for _, value in pieces) or 1
    at, parts = 0.0, []
    for number, (_, value) in enumerate(pieces):
        wide = value / whole * 100
        parts.append(
            tag("rect", x=f"{at:.3f}%", y=0, width=f"{wide:.3f}%", height=22, class_=f"piece piece-{number}")
        )
        at += wide
    said = ", ".join(f"{name} {size(value)}" for name, value in pieces)
    drawn = tag("svg", parts, width="100%", height=22, role="img", aria_label=f"the unikernel file: {said}")
    entries = [
        tag("li", [tag("span", "", class_=f"swatch piece-{number}"), text(f"{name} "), tag("b", size(value))])
        for number, (name, value) in enumerate(pieces)
    ]
    return Markup(drawn + tag("ul", entries, class_="legend"))
