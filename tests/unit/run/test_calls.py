"""Lines about absent system calls get the calls' names; other lines stay as they are."""

from __future__ import annotations

import pytest

from converter.run.calls import named_call

_HOW = "; add it with: u2k convert --add-syscall "


@pytest.mark.parametrize(
    ("machine", "line", "shown"),
    [
        (
            "x86_64",
            f"u2k: system call 73 is not in this unikernel: ENOSYS{_HOW}73",
            f"u2k: system call flock (73) is not in this unikernel: ENOSYS{_HOW}flock",
        ),
        (
            "aarch64",
            f"u2k: system call 32 is not in this unikernel: ENOSYS, programs do without{_HOW}32",
            f"u2k: system call flock (32) is not in this unikernel: ENOSYS, programs do without{_HOW}flock",
        ),
        (
            "x86_64",
            "u2k: system call 180 is not in the library OS: ENOSYS",
            "u2k: system call nfsservctl (180) is not in the library OS: ENOSYS",
        ),
    ],
)
def test_named(machine: str, line: str, shown: str) -> None:
    assert named_call(line, machine) == shown


@pytest.mark.parametrize(
    "line",
    [
        "u2k: system call 9999 is not in the library OS: ENOSYS",  # Linux has none of that number
        "u2k: system call flock (73) is not in this unikernel: ENOSYS",
        "system call 73 is not in this unikernel: ENOSYS",  # what the program says
        "u2k: system call 73",
        "",
    ],
)
def test_left_alone(line: str) -> None:
    assert named_call(line, "x86_64") == line
