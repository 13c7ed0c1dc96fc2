"""Links of the documentation lead somewhere: files of the repository, and headings of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "fixtures/*.md", "libos/**/*.md", "converter/**/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"(?<!\\)\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def links(text: str) -> Iterator[str]:
    """Targets of Markdown's inline links, but not of code blocks; not those to other sites."""
    for target in LINK.findall(FENCE.sub("", text)):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(text: str) -> set[str]:
    """How GitHub calls the headings: lower case, no punctuation, - for spaces."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, text: str) -> list[str]:
    wrong = []
    for target in links(text):
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text() if name else text)):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text()) == []


def test_the_index_has_every_page() -> None:
    docs = ROOT / "docs"
    indexed = {(docs / target).resolve() for target in links((docs / "README.md").read_text())}
    there = {path for path in docs.glob("**/*.md") if path.parent.name != "adr"} - {docs / "README.md"}
    assert there <= indexed, "pages that docs/README.md does not name"


def test_the_rule_finds_what_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading, with `code`\n")
    text = "[a](there.md) [b](gone.md) [c](there.md#a-heading-with-code) [d](there.md#no) [e](https://x.example)\n"
    assert broken(tmp_path / "page.md", text) == ["gone.md", "there.md#no"]


def test_named_pages_are_there() -> None:
    """Programs and comments name pages by their paths."""
    for folder in ("converter", "libos", "scripts", "tests", "fixtures"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".c", ".h", ".toml", ".md", "") and path.is_file():
                for name in re.findall(
                    r"\bdocs/(?:[\w-]+|(?:how-to|reference|explanation|adr)/[\w-]+)\.md\b",
                    path.read_text(errors="replace"),
                ):
                    assert (ROOT / name).exists(), f"{path.relative_to(ROOT)} names {name}"
