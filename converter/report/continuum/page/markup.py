"""HTML and SVG out of words of strangers: everything is escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable

from converter.report.text import printable


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Content = str | Iterable[str]


def text(value: object) -> Markup:
    """What a stranger wrote, as characters to be read."""
    return value if isinstance(value, Markup) else Markup(html.escape(printable(str(value))))


def tag(name: str, content: Content = "", **attributes: object) -> Markup:
    """An element; `class_` is class, `aria_label` is aria-label. Content that is no Markup is escaped."""
    pieces = (content,) if isinstance(content, str) else content
    inner = "".join(map(text, pieces))
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(printable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{words}>{inner}</{name}>")
