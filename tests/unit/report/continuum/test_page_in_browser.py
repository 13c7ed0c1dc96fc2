"""The page as people meet it: in Chromium, wide and narrow, light and dark, by keys, and checked by axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from converter.report.continuum.model import Continuum
from converter.report.continuum.page.document import page
from tests.builders.browser import browser, view

if TYPE_CHECKING:
    from playwright.sync_api import Browser

READERS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def file(made_up: Callable[..., Continuum], tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(page(made_up(notes=("long" * 100,), program="word " * 200)))
    return path


@pytest.mark.parametrize(("width", "scheme"), READERS)
def test_it_can_be_read_by_all(chromium: Browser, file: Path, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with view(chromium, file, width, scheme) as shown:
        found = axe.run(shown.page)
        assert found.violations_count == 0, found.generate_report()
        assert shown.page.evaluate("document.documentElement.scrollWidth") == width, "nothing sticks out"
        assert (shown.asked, shown.complaints) == ([], [])


def test_dark_is_dark(chromium: Browser, file: Path) -> None:
    sums = {}
    for scheme in ("light", "dark"):
        with view(chromium, file, 1280, scheme) as shown:
            colour = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
            sums[scheme] = sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))
    assert sums["light"] > 600 > 150 > sums["dark"]


@pytest.mark.parametrize(("width", "shape"), [(1280, "wide"), (800, "middle"), (390, "tall")])
def test_a_tree_map_for_each_width(chromium: Browser, file: Path, width: int, shape: str) -> None:
    with view(chromium, file, width, "light") as shown:
        assert shown.page.locator(".treemap svg:visible").evaluate_all(
            "all => all.map(each => each.getAttribute('class'))"
        ) == [shape, shape]


def test_keys_lead_from_a_rectangle_to_its_row(chromium: Browser, file: Path) -> None:
    with view(chromium, file, 1280, "light") as shown:
        shown.page.keyboard.press("Tab")
        assert shown.page.evaluate("document.activeElement.textContent") == "Skip to the figures"
        for _ in range(40):
            shown.page.keyboard.press("Tab")
            label = shown.page.evaluate("document.activeElement.getAttribute('aria-label')")
            if label and label.startswith("tcp"):
                break
        assert label == "tcp, 36.1 KiB, socket"
        shown.page.keyboard.press("Enter")
        row = shown.page.locator("tr:target")
        assert row.inner_text().split()[0] == "tcp"
        row.scroll_into_view_if_needed()
        assert row.is_visible()
