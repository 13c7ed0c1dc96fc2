"""Far more of everything than compilers write: what it costs is bounded, and what is left out counts as any
call.

The limits are of CPU time and memory beside the interpreter's own; they leave room for a machine half as fast
as one of 2020.
"""

from __future__ import annotations

import os

import pytest

from converter.analyze.calls import analysis
from converter.analyze.calls.budget import Budget
from converter.analyze.calls.model import StaticCalls
from converter.elf.symbols import MAX_SYMBOLS
from tests.builders.bounded import bounded
from tests.builders.large_elves import large_elf
from tests.unit.analyze.calls.conftest import analysed

MILLION = 1_000_000


def limited(seconds: int, mebibytes: int, **sizes: int) -> StaticCalls:
    return bounded(seconds, mebibytes, lambda: analysed({"/bin/large": (large_elf(**sizes), "program")}))


def too_large(found: StaticCalls) -> bool:
    return any(each.reason.startswith("the object is too large") for each in found.unresolved)


def test_a_million_symbols() -> None:
    assert MILLION > MAX_SYMBOLS
    found = limited(20, 600, functions=1000, symbols=MILLION)
    assert too_large(found)


def test_a_million_relocations() -> None:
    found = limited(10, 400, functions=1000, relocations=MILLION)
    assert list(found.syscalls) == ["getpid"] and found.unresolved == ()


def test_a_million_frames() -> None:
    found = limited(10, 600, functions=1000, relocations=1000, frames=MILLION)
    assert list(found.syscalls) == ["getpid"] and found.unresolved == ()


def test_more_code_than_is_read_counts_as_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "MAX_STEPS", 1 << 16)
    found = limited(10, 200, functions=10_000, relocations=10_000)
    assert too_large(found)


def test_many_objects_share_a_budget() -> None:
    whole = Budget(10)
    first, second, third = (Budget(8, whole) for _ in range(3))
    assert first.spend(6) and not second.spend(6)
    assert second.exhausted and not first.exhausted
    assert not first.spend(3) and first.exhausted
    assert not third.spend(1)


@pytest.mark.slow
@pytest.mark.skipif("U2K_FUZZ_SECONDS" not in os.environ, reason="takes minutes; docs/nightly.md")
def test_a_million_functions() -> None:
    found = limited(180, 1600, functions=MILLION, relocations=MILLION, frames=MILLION)
    assert too_large(found)
