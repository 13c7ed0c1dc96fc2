"""Sections of words: the figures as a table, what was cut, how to make it again, how it was measured."""

from __future__ import annotations

from collections.abc import Iterable

from converter.report.continuum.model import Continuum
from converter.report.continuum.page.markup import Markup, tag, text
from converter.report.continuum.rows import Row, ranged
from converter.report.text import binary

_CUT = "What the program cannot reach is not there to be used by anybody who breaks into it."


def table(head: Iterable[Markup], lines: Iterable[Markup], label: str, kind: str = "") -> Markup:
    """A table that scrolls by keys as well, where its place is too small. `kind`: for style.css."""
    whole = tag("table", [tag("thead", tag("tr", head)), tag("tbody", lines)])
    place = f"scroll card {kind}".rstrip()
    return tag("div", whole, class_=place, tabindex=0, role="region", aria_label=label)


def figures_table(found: Continuum, shown: tuple[Row, ...]) -> Markup:
    """All figures, with their range."""
    head = [tag("th", "figure", scope="col")]
    head += [tag("th", stop.title, scope="col", class_=stop.name) for stop in found.stops]
    lines = []
    for row in shown:
        cells = [tag("th", row.title, scope="row", class_="figure")]
        for cell in row.cells:
            spread = ranged(row, cell).strip(" ()")
            cells.append(tag("td", [text(cell.text), tag("small", spread) if spread else Markup()]))
        lines.append(tag("tr", cells))
    return table(head, lines, "All figures")


def what_was_cut(found: Continuum) -> list[Markup]:
    """Files, packages and system calls that the container has and the unikernel has not."""
    cut = found.cut
    head = [tag("th", name, scope="col") for name in ("why", "paths", "bytes")]
    lines = []
    for each in cut.files:
        row = [tag("th", str(each.reason), scope="row"), tag("td", str(each.paths))]
        lines.append(tag("tr", [*row, tag("td", binary(each.size))]))
    files = [tag("h3", f"{sum(each.paths for each in cut.files)} paths of the image")]
    files.append(table(head, lines, "Files that were left out") if lines else tag("p", "None were left out."))
    return [
        tag("h2", "What was cut"),
        tag("p", _CUT, class_="soft"),
        tag("div", [tag("div", files), _names("packages", cut.packages)], class_="two"),
        _names("system calls that a container can make and this unikernel cannot", cut.calls),
        _names("system calls that are left", found.calls, closed=True),
    ]


def _names(what: str, names: tuple[str, ...], *, closed: bool = False) -> Markup:
    chips = tag("ul", [tag("li", name) for name in names], class_="chips")
    title = f"{len(names)} {what}"
    if closed:
        return tag("details", [tag("summary", title), chips])
    return tag("div", [tag("h3", title), chips if names else Markup()], class_="names")


def reproduce(found: Continuum) -> list[Markup]:
    """The commands."""
    lines: list[str] = []
    for about, command in found.commands:
        if about:
            lines.append(tag("span", f"# {about}", class_="soft") + "\n")
        lines.append(text(command) + "\n")
    return [
        tag("h2", "Make it again"),
        tag("pre", tag("code", map(Markup, lines)), tabindex=0, role="region", aria_label="Commands"),
    ]


def methods(found: Continuum, shown: tuple[Row, ...]) -> list[Markup]:
    """How each figure was found, and what ran each stop."""
    entries = [(row.title, row.method) for row in shown]
    entries += [(stop.title, stop.how or f"not run: {stop.why}") for stop in found.stops]
    entries += [
        (stop.title, f"no figure of a run: {stop.why}") for stop in found.stops if stop.how and stop.why
    ]
    entries += [("Note", note) for note in found.notes]
    pairs = [each for name, value in entries for each in (tag("dt", name), tag("dd", value))]
    return [tag("h2", "How it was measured"), tag("dl", pairs, class_="methods")]
