"""Tree maps: rectangles whose areas are as the values, as near to squares as can be had in one pass.

M. Bruls, K. Huizing, J. van Wijk, "Squarified Treemaps", Data Visualization 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A place; all in one unit."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, margin: float, top: float = 0.0) -> Box:
        """Without `margin` on all sides, and `top` more above; never less than nothing."""
        return Box(
            self.x + margin,
            self.y + margin + top,
            max(self.width - 2 * margin, 0.0),
            max(self.height - 2 * margin - top, 0.0),
        )


def squarified(values: Sequence[float], box: Box) -> list[Box]:
    """A box for each of `values`, which are positive and descending; together they fill `box`."""
    whole = sum(values)
    if not values or whole <= 0 or box.width <= 0 or box.height <= 0:
        return [Box(box.x, box.y, 0.0, 0.0) for _ in values]
    scale = box.width * box.height / whole
    areas, found, rest = [value * scale for value in values], [], box
    while areas:
        side = min(rest.width, rest.height)
        count = 1
        while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(areas[:count], side):
            count += 1
        row, areas = areas[:count], areas[count:]
        boxes, rest = _laid(row, rest)
        found += boxes
    return found


def _worst(row: Sequence[float], side: float) -> float:
    """The ratio of sides of the least square one, if `row` lies along `side`."""
    whole = sum(row)
    return max(side * side * max(row) / (whole * whole), whole * whole / (side * side * min(row)))


def _laid(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """Along the shorter side; and what is left of the box."""
    whole, found = sum(row), []
    if box.width >= box.height:
        thick, at = whole / box.height, box.y
        for area in row:
            found.append(Box(box.x, at, thick, area / thick))
            at += area / thick
        return found, Box(box.x + thick, box.y, max(box.width - thick, 0.0), box.height)
    thick, at = whole / box.width, box.x
    for area in row:
        found.append(Box(at, box.y, area / thick, thick))
        at += area / thick
    return found, Box(box.x, box.y + thick, box.width, max(box.height - thick, 0.0))
