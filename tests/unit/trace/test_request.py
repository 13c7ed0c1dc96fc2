"""Probes and exercises as users write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.errors import UsageError
from converter.trace.request import Probe, checked_exercise, parse_probe


@pytest.mark.parametrize(
    ("text", "probe"),
    [
        ("http://:8080/", Probe("http", "127.0.0.1", 8080, "/")),
        ("http://localhost/a/b?c=d", Probe("http", "127.0.0.1", 80, "/a/b?c=d")),
        ("https://:8443", Probe("https", "127.0.0.1", 8443, "/")),
        ("tcp://:6379 PING", Probe("tcp", "127.0.0.1", 6379, "", "PING")),
        ("tcp://:6379 SET a b", Probe("tcp", "127.0.0.1", 6379, "", "SET a b")),
        ("tcp://[::1]:6379", Probe("tcp", "::1", 6379)),
        ("udp://127.0.0.1:53 x", Probe("udp", "127.0.0.1", 53, "", "x")),
    ],
)
def test_good_ones(text: str, probe: Probe) -> None:
    assert parse_probe(text) == probe


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("8080", "scheme"),
        ("ftp://:21", "scheme"),
        ("tcp://", "names no port"),
        ("tcp://:0", "names no port"),
        ("tcp://:99999", "is no probe"),
        ("http://example.org:80/", "example.org cannot be reached"),
        ("http://:80/ GET", "takes no text"),
        ("tcp://:80/path", "has no paths"),
        ("http://:80/a\tb", "characters that no address has"),
    ],
)
def test_bad_ones_say_what_is_wrong_and_what_to_write(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_probe(text)
    assert caught.value.hint


def test_exercises(tmp_path: Path) -> None:
    script = tmp_path / "go"
    with pytest.raises(UsageError, match="no such script"):
        checked_exercise(script)
    script.write_text("echo")
    with pytest.raises(UsageError, match="no program"):
        checked_exercise(script)
    script.write_text("#!/bin/sh\n")
    assert checked_exercise(script) == script
