"""Numbers of bytes as users write them."""

from __future__ import annotations

import pytest

from converter.errors import UsageError
from converter.sizes import parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("500M", 500 << 20),
        ("2GiB", 2 << 30),
        ("1g", 1 << 30),
        ("3kb", 3 << 10),
        ("7", 7),
        ("7B", 7),
        ("0", 0),
    ],
)
def test_powers_of_1024(text: str, size: int) -> None:
    assert parse_bytes(text, "x") == size


@pytest.mark.parametrize("text", ["", "-1", "1.5G", "1X", "G", "1 G", "9" * 40])
def test_what_is_no_size_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_bytes(text, "--memory")
    assert caught.value.where == "--memory"
    assert caught.value.hint
