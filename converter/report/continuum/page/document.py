"""The page itself: its sections in order."""

from __future__ import annotations

from importlib import resources

from converter.report.continuum.model import Continuum, Stop
from converter.report.continuum.page.bars import plot
from converter.report.continuum.page.composition import composition
from converter.report.continuum.page.markup import Markup, tag, text
from converter.report.continuum.page.tables import figures_table, methods, reproduce, what_was_cut
from converter.report.continuum.rows import Row, rows

# Nothing is fetched and nothing runs, whatever an image's words are (CSP Level 3).
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_LEAD = "One program at four stops; each figure is found by one method at all of them, in one session."
_BARS = "Bars begin at nothing; thin lines go from the least to the most of all starts."


def page(found: Continuum) -> str:
    """An HTML document. Equal figures give equal bytes."""
    shown = rows(found)
    head = [
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<link rel="icon" href="data:,">'),
        tag("title", f"{short_name(found)}: from container to unikernel"),
        tag("style", Markup(resources.files(__package__).joinpath("style.css").read_text())),
    ]
    main = [
        _figures(found, shown),
        *composition(found),
        *what_was_cut(found),
        *reproduce(found),
        *methods(found, shown),
    ]
    body = [
        tag("a", "Skip to the figures", href="#figures", class_="skip"),
        tag("header", _top(found, shown)),
        tag("main", main),
        tag(
            "footer",
            tag("p", f"Made by u2k {found.tool_version}. This file is all of it: it fetches nothing."),
        ),
    ]
    return f"<!doctype html>\n{tag('html', [tag('head', head), tag('body', body)], lang='en')}\n"


def short_name(found: Continuum) -> str:
    """The image's last word, as people call it."""
    name = found.reference.partition("@")[0].rpartition("/")[2]
    return name.removesuffix(".tar").removesuffix(".oci").removesuffix(".docker") or found.reference


def _top(found: Continuum, shown: tuple[Row, ...]) -> list[Markup]:
    facts = [
        ("Image", found.reference),
        ("Digest", found.digest),
        ("Program", found.program),
        ("Host", found.host),
    ]
    rowed = [each for name, value in facts for each in (tag("dt", name), tag("dd", tag("code", value)))]
    return [
        tag("p", "u2k continuum", class_="over"),
        tag("h1", [text(short_name(found)), tag("span", "from container to unikernel")]),
        tag("p", [tag("b", _shares(found)), text(_LEAD)], class_="lead"),
        tag("dl", rowed, class_="facts"),
        tag("ol", [_station(stop, number, shown) for number, stop in enumerate(found.stops)], class_="stops"),
    ]


def _shares(found: Continuum) -> str:
    """The last stop beside the first."""
    first, last = found.stops[0].figures, found.stops[-1].figures
    parts = [
        ("of the bytes to send", first.packed, last.packed),
        ("of the system calls", first.syscalls, last.syscalls),
    ]
    if first.kernel and last.kernel:
        parts.append(("of the kernel code", first.kernel, last.kernel))
    shares = [f"{_percent(part, whole)} {what}" for what, whole, part in parts if whole]
    said = " and ".join(each for each in (", ".join(shares[:-1]), *shares[-1:]) if each)
    return f"The unikernel has {said} that the container has. " if said else ""


def _percent(part: float, whole: float) -> str:
    share = part / whole * 100
    return f"{share:.1f} %" if share < 10 else f"{share:.0f} %"


def _station(stop: Stop, number: int, shown: tuple[Row, ...]) -> Markup:
    cells = {row.name: row.cells[number].text for row in shown}
    start = "" if stop.measured is None else f" · {cells['start']} to start"
    return tag(
        "li",
        [
            tag("h2", stop.title),
            tag("p", cells["packed"], class_="big"),
            tag("p", f"{cells['files']} files · {cells['syscalls']} system calls{start}"),
            tag("p", f"Kernel: {stop.kernel}. {stop.how or 'Not run: ' + stop.why}", class_="small"),
        ],
        class_=stop.name,
    )


def _figures(found: Continuum, shown: tuple[Row, ...]) -> Markup:
    plots = []
    for row in shown:
        about = tag("p", row.method, class_="small")
        inner = [tag("figcaption", tag("h3", row.title)), plot(found, row), about]
        plots.append(tag("figure", inner, class_="card"))
    return tag(
        "section",
        [
            tag("h2", "Every figure, at every stop"),
            tag("p", _BARS, class_="soft"),
            tag("div", plots, class_="plots"),
            tag("details", [tag("summary", "The same as a table"), figures_table(found, shown)]),
        ],
        id="figures",
    )
