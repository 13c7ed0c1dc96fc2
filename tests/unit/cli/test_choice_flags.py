"""--add-syscall takes what a kernel's log says: a number."""

from __future__ import annotations

import pytest

from converter.cli.choice_flags import call_names
from converter.errors import UsageError


def test_numbers_become_names_of_the_architecture() -> None:
    assert call_names(["73", "read"], "amd64") == ("flock", "read")
    assert call_names(["32"], "arm64") == ("flock",)
    assert call_names(None, "amd64") == ()


def test_what_is_no_number_of_a_call_is_told_later_on() -> None:
    assert call_names(["99999", "nonsense"], "amd64") == ("99999", "nonsense")
    with pytest.raises(UsageError, match="no library OS for riscv64"):
        call_names(["73"], "riscv64")
