"""Lines for terminals of any width."""

from __future__ import annotations

import pytest

from converter.report.text import folded, wrapped


@pytest.mark.parametrize(
    ("line", "width", "pieces"),
    [
        ("short", 80, ["short"]),
        (
            "  indented words that are long enough to break",
            40,
            ["  indented words that are long enough to", "  break"],
        ),
        (
            "absent      one two three four five six seven",
            40,
            ["absent      one two three four five six", "            seven"],
        ),
        ("x" * 100, 40, ["x" * 100]),
        ("  digest  sha256:" + "0" * 64, 60, ["  digest  sha256:" + "0" * 64]),
        ("next: u2k run a --b-c d", 12, ["next: u2k run a --b-c d"]),
        ("", 40, [""]),
    ],
)
def test_folded(line: str, width: int, pieces: list[str]) -> None:
    assert folded(line, width) == pieces


def test_a_margin_never_takes_more_than_half() -> None:
    pieces = folded(" " * 60 + "a " * 40, 50)
    assert all(len(piece) <= 60 + 2 for piece in pieces) and len(pieces) > 1
    assert pieces[1].startswith(" " * 25 + "a")


def test_lists_take_the_width_that_there_is() -> None:
    words = ["read"] * 30
    assert max(map(len, wrapped(words, "  ", 40))) <= 40
    assert len(list(wrapped(words, "  ", 40))) > len(list(wrapped(words, "  ", 80)))
