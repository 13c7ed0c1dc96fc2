"""Debian's Chromium, driven by Playwright, on pages that are files of the host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_CHROMIUM = Path("/usr/bin/chromium")
# Without these it asks for updates and more at every start, where there may be no network to ask.
_QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()


@dataclass
class View:
    """A page as one reader sees it, what it asked for besides itself, and what it complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def browser() -> Iterator[Browser]:
    """Skips, with the reason, where there is none."""
    if not _CHROMIUM.exists():
        pytest.skip("chromium is not here (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(_CHROMIUM), args=_QUIET)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def view(opened: Browser, file: Path, width: int, scheme: str) -> Iterator[View]:
    """`scheme`: light or dark. A page's policy does not keep tests from looking at it by scripts."""
    context = opened.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        shown = View(context.new_page())
        shown.page.on("request", lambda request: shown.asked.append(request.url))
        shown.page.on("console", lambda message: shown.complaints.append(message.text))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.goto(file.as_uri())
        shown.asked = [url for url in shown.asked if url != file.as_uri() and not url.startswith("data:")]
        yield shown
    finally:
        context.close()
