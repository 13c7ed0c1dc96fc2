"""A tree map as SVG, in three shapes of which a page shows the one that suits its width.

Each rectangle is a link to the row of a table that says it in words, for keys and screen readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from converter.report.continuum.page.markup import Markup, tag
from converter.report.continuum.page.squarify import Box, squarified
from converter.report.text import binary

_SHAPES = {"wide": (1080, 520), "middle": (680, 600), "tall": (350, 680)}  # pixels; style.css chooses
_HEAD, _GAP = 20.0, 1.5
_LETTER, _LINE, _PAD = 6.9, 15.0, 6.0  # pixels of 12px letters, more than most of them take


@dataclass(frozen=True, slots=True)
class Leaf:
    """A rectangle of `value` bytes. `target`: the id of the row; `about`: the rest of what is said of it."""

    name: str
    value: int
    target: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rectangles of one colour. `kind` names the colour."""

    name: str
    kind: str
    leaves: tuple[Leaf, ...]

    @property
    def value(self) -> int:
        """Of all of them."""
        return sum(leaf.value for leaf in self.leaves)


def treemap(groups: Sequence[Group], label: str) -> Markup:
    """All shapes."""
    filled = sorted((group for group in groups if group.value > 0), key=lambda each: -each.value)
    shapes = [_drawn(filled, label, shape, *area) for shape, area in _SHAPES.items()]
    return tag("div", shapes, class_="treemap")


def _drawn(groups: Sequence[Group], label: str, shape: str, width: int, height: int) -> Markup:
    cells: list[str] = []
    boxes = squarified([group.value for group in groups], Box(0, 0, width, height))
    for group, box in zip(groups, boxes, strict=True):
        headed = box.width > 60 and box.height > 60 and len(group.leaves) > 1
        if headed:
            title = _cut(f"{group.name} · {binary(group.value)}", box.width)
            cells.append(tag("text", title, x=_at(box.x + _PAD), y=_at(box.y + 15), class_="group"))
        inner = box.inside(_GAP, _HEAD if headed else 0.0)
        leaves = sorted(group.leaves, key=lambda each: (-each.value, each.name))
        leaves = [leaf for leaf in leaves if leaf.value > 0]
        for leaf, place in zip(leaves, squarified([leaf.value for leaf in leaves], inner), strict=True):
            cells.append(_cell(leaf, group.kind, place.inside(_GAP / 2)))
    return tag(
        "svg", cells, viewBox=f"0 0 {width} {height}", class_=shape, role="group", aria_label=label
    )  # fmt: skip


def _cell(leaf: Leaf, kind: str, box: Box) -> Markup:
    said = f"{leaf.name}, {binary(leaf.value)}" + (f", {leaf.about}" if leaf.about else "")
    place = {"x": _at(box.x), "y": _at(box.y), "width": _at(box.width), "height": _at(box.height)}
    inner = [tag("title", said), tag("rect", rx=3, class_=f"k {kind}", **place)]
    x = _at(box.x + _PAD)
    if box.height > _LINE + _PAD and (name := _cut(leaf.name, box.width)):
        inner.append(tag("text", name, x=x, y=_at(box.y + _LINE + 1), class_="name"))
        if box.height > 2 * _LINE + _PAD and len(binary(leaf.value)) * _LETTER + 2 * _PAD < box.width:
            inner.append(tag("text", binary(leaf.value), x=x, y=_at(box.y + 2 * _LINE + 1), class_="bytes"))
    return tag("a", inner, href=f"#{leaf.target}", aria_label=said)


def _cut(words: str, width: float) -> str:
    """As much as there is room for; nothing rather than two letters."""
    room = int((width - 2 * _PAD) / _LETTER)
    if len(words) <= room:
        return words
    return words[: room - 1] + "…" if room >= 4 else ""


def _at(value: float) -> str:
    return f"{value:.1f}"
