"""What the unikernel is made of: the file in its pieces, the library OS by part, the files by package."""

from __future__ import annotations

from converter.report.continuum.model import Continuum
from converter.report.continuum.page.bars import strip
from converter.report.continuum.page.markup import Markup, tag
from converter.report.continuum.page.tables import table
from converter.report.continuum.page.treemap import Group, Leaf, treemap
from converter.report.text import binary

_KINDS = {
    "core": "core",
    "calls": "system calls",
    "filesystem": "file systems",
    "net": "network",
    "driver": "drivers",
    "platform": "platform",
    "arch": "architecture",
    "generated": "generated",
}
_ABOUT = (
    "The whole file: a library operating system of the parts that the program needs, and the files of the"
    " image that it may touch."
)
_NOBODY = "of no package"
_LONGEST = 150  # characters of a reason


def composition(found: Continuum) -> list[Markup]:
    """The sections."""
    return [
        tag("h2", "What the unikernel is made of"),
        tag("p", _ABOUT, class_="soft"),
        tag("div", strip(found.sections), class_="strip"),
        tag("h3", f"The library OS, {len(found.parts)} parts"),
        treemap(_parts(found), "Parts of the library OS by size"),
        _parts_table(found),
        tag("h3", "The files, by the package that they are of", style="margin-top: 40px"),
        treemap(_packages(found), "Files of the image by package and size"),
        _packages_table(found),
    ]


def _parts(found: Continuum) -> list[Group]:
    return [
        Group(
            title,
            kind,
            tuple(
                Leaf(each.name, each.bytes, f"part-{number}", _short(each.why[0]) if each.why else "")
                for number, each in enumerate(found.parts)
                if each.kind == kind
            ),
        )
        for kind, title in _KINDS.items()
    ]


def _packages(found: Continuum) -> list[Group]:
    leaves = [
        (each.name, Leaf(each.name or _NOBODY, each.bytes, f"package-{number}", f"{each.files} files"))
        for number, each in enumerate(found.packages)
    ]
    owned = tuple(leaf for name, leaf in leaves if name)
    return [
        Group("packages", "package", owned),
        Group(_NOBODY, "none", tuple(leaf for name, leaf in leaves if not name)),
    ]


def _parts_table(found: Continuum) -> Markup:
    head = [tag("th", name, scope="col") for name in ("part", "library", "bytes")]
    head.append(tag("th", "why it is there", scope="col", style="text-align: left"))
    lines = []
    for number, each in enumerate(found.parts):
        more = f" and {len(each.why) - 1} more" if len(each.why) > 1 else ""
        why = (_short(each.why[0]) if each.why else "") + more
        cells = [
            tag("th", each.name, scope="row"),
            tag("td", _KINDS.get(each.kind, each.kind)),
            tag("td", binary(each.bytes)),
            tag("td", why, class_="words"),
        ]
        lines.append(tag("tr", cells, id=f"part-{number}"))
    return table(head, lines, "Parts of the library OS", "long parts")


def _packages_table(found: Continuum) -> Markup:
    head = [tag("th", name, scope="col") for name in ("package", "files", "bytes")]
    lines = []
    for number, each in enumerate(found.packages):
        cells = [
            tag("th", each.name or _NOBODY, scope="row"),
            tag("td", str(each.files)),
            tag("td", binary(each.bytes)),
        ]
        lines.append(tag("tr", cells, id=f"package-{number}"))
    return table(head, lines, "Files of the image by package", "long")


def _short(why: str) -> str:
    return why if len(why) <= _LONGEST else why[: _LONGEST - 1] + "…"
