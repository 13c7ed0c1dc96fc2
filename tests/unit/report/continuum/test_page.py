"""The page: whole, of equal bytes, fetching nothing, whatever an image is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

from converter.report.continuum.model import Continuum, PartSize
from converter.report.continuum.page.document import page, short_name

MakeUp = Callable[..., Continuum]
VOID = {"meta", "link", "!doctype"}


class Reader(HTMLParser):
    """Elements in order, texts, and whether all that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_all_that_is_opened_is_closed(made_up: MakeUp) -> None:
    read = Reader(page(made_up()))
    assert read.open == []
    assert [tag for tag, _ in read.elements].count("h1") == 1


def test_it_fetches_nothing(made_up: MakeUp) -> None:
    text = page(made_up())
    for tag, attributes in Reader(text).elements:
        assert tag not in ("script", "img", "iframe", "object", "embed")
        for name in ("src", "href", "srcset", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith("#") or value == "data:,"
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text


def test_links_lead_somewhere(made_up: MakeUp) -> None:
    elements = Reader(page(made_up())).elements
    known = {attributes["id"] for _, attributes in elements if "id" in attributes}
    led = {str(attributes["href"])[1:] for tag, attributes in elements if tag == "a"}
    assert led <= known
    assert len(led) == 1 + 4, "the figures, two parts, two packages"


def test_equal_figures_give_equal_bytes(made_up: MakeUp) -> None:
    assert page(made_up()) == page(made_up())


def test_words_of_strangers_are_only_words(made_up: MakeUp) -> None:
    evil = "\"><script>alert(1)</script>&amp;\x1b[2J\n'"
    part = PartSize(evil, "net", 100, (evil,))
    found = made_up(
        program=evil, host=evil, notes=(evil,), parts=(part,), commands=((evil, evil),), calls=(evil,)
    )
    found = replace(found, stops=tuple(replace(stop, how=evil, why=evil) for stop in found.stops))
    text = page(found)
    read = Reader(text)
    assert "script" not in [tag for tag, _ in read.elements]
    assert "\x1b" not in text
    assert any("<script>alert(1)</script>&amp;\\x1b[2J" in each for each in read.texts)
    assert read.open == []


def test_what_was_not_run_says_why(made_up: MakeUp) -> None:
    texts = " ".join(Reader(page(made_up())).texts)
    assert "Not run: no QEMU" in texts
    assert re.search(r"memory at rest\s.*not told", texts)


def test_a_job_has_no_memory_at_rest(made_up: MakeUp) -> None:
    texts = Reader(page(made_up(job=True))).texts
    assert "start to the end" in texts
    assert "memory at rest" not in texts


def test_a_kernel_that_does_not_tell(made_up: MakeUp) -> None:
    found = made_up()
    stops = tuple(replace(stop, figures=replace(stop.figures, kernel=None)) for stop in found.stops)
    texts = " ".join(Reader(page(replace(found, stops=stops))).texts)
    assert "not told" in texts
    assert "of the kernel code" not in texts


def test_every_figure_is_said(made_up: MakeUp) -> None:
    """To who does not see the bars."""
    labels = [
        str(attributes["aria-label"])
        for tag, attributes in Reader(page(made_up())).elements
        if tag == "svg" and attributes.get("role") == "img"
    ]
    assert "system calls reachable: Container 309, Slim container 139, Unikernel, process 120, " in " ".join(
        labels
    )
    assert "Container 250 ms (200 ms to 400 ms)" in " ".join(labels)


def test_what_the_image_is_called(made_up: MakeUp) -> None:
    names = {"/a/b/redis.oci.tar": "redis", "docker.io/library/redis:7": "redis:7", "x/app@sha256:1": "app"}
    assert {ref: short_name(made_up(reference=ref)) for ref in names} == names
