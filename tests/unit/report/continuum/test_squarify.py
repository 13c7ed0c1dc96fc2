"""Rectangles of a tree map: of the right areas, inside, and nowhere one over the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.report.continuum.page.squarify import Box, squarified


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=60),
    st.floats(10, 2000),
    st.floats(10, 2000),
)
def test_areas_and_places(values: list[int], width: float, height: float) -> None:
    values.sort(reverse=True)
    box = Box(3, 5, width, height)
    found = squarified(values, box)
    scale = width * height / sum(values)
    slack = 1e-6 * max(width, height)
    for value, each in zip(values, found, strict=True):
        assert each.width * each.height == pytest.approx(value * scale, rel=1e-6)
        assert box.x - slack <= each.x
        assert box.y - slack <= each.y
        assert each.x + each.width <= box.x + width + slack
        assert each.y + each.height <= box.y + height + slack
    for number, one in enumerate(found):
        for other in found[:number]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            along = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert across <= slack or along <= slack


def test_they_are_nearly_square() -> None:
    """The example of the paper: 6, 6, 4, 3, 2, 2, 1 on 6 by 4, none longer than three times its breadth."""
    found = squarified([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))
    assert max(max(each.width / each.height, each.height / each.width) for each in found) < 3
    assert (found[0].width, found[0].height) == (3, 2)


def test_nothing() -> None:
    assert squarified([], Box(0, 0, 1, 1)) == []
    assert squarified([1], Box(0, 0, 0, 1)) == [Box(0, 0, 0, 0)]
