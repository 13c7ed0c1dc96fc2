"""`--verbose` writes to standard error as it is at that moment."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from converter.cli.flags import explain


@pytest.fixture(autouse=True)
def no_handlers() -> Iterator[None]:
    logger = logging.getLogger("u2k")
    before, logger.handlers = logger.handlers, []
    yield
    explain(False)
    logger.handlers = before


def test_a_stream_that_was_closed_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    explain(True)
    logging.getLogger("u2k").info("one")
    assert first.getvalue() == "u2k: one\n"
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    explain(True)
    logging.getLogger("u2k").info("two")
    assert second.getvalue() == "u2k: two\n"


def test_a_command_without_it_says_nothing_after_one_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    explain(True)
    explain(False)
    logging.getLogger("u2k").info("one")
    assert stream.getvalue() == ""
