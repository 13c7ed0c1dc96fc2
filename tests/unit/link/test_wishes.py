"""--add-syscall, --add-part, --drop: names that are none, of the other kind, against each other."""

from __future__ import annotations

import pytest

from converter.errors import UsageError
from converter.link.architecture import X86_64
from converter.link.wishes import Wishes


def test_sensible_wishes() -> None:
    Wishes(("fsync", "io_uring_setup"), ("procfs",), ("write", "tmpfs")).check(X86_64, "vm")


@pytest.mark.parametrize(
    ("wishes", "option", "what", "hint"),
    [
        (Wishes(calls=("opena",)), "--add-syscall", "no system call 'opena'", "openat"),
        (Wishes(calls=("*",)), "--add-syscall", "no system call '*'", ""),
        (Wishes(calls=("procfs",)), "--add-syscall", "a part of the library OS", "--add-part procfs"),
        (Wishes(parts=("read",)), "--add-part", "a system call", "--add-syscall read"),
        (Wishes(parts=("procf",)), "--add-part", "no part 'procf'", "procfs"),
        (Wishes(parts=("",)), "--add-part", "no part ''", "parts: devfs"),
        (Wishes(drop=("rea",)), "--drop", "no system call and no part 'rea'", "read"),
        (Wishes(drop=("*",)), "--drop", "no part '*'", "parts: devfs"),
        (Wishes(calls=("write",), drop=("write",)), "--drop", "added and left out", "one of"),
        (Wishes(parts=("tmpfs",), drop=("tmpfs",)), "--drop", "added and left out", "one of"),
        (Wishes(drop=("overlay",)), "--drop", "nothing starts without the part overlay", ""),
        (Wishes(drop=("virtio_console",)), "--drop", "nothing starts without", ""),
    ],
)
def test_what_makes_no_sense(wishes: Wishes, option: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        wishes.check(X86_64, "vm")
    assert caught.value.where == option
    assert what in caught.value.what
    assert hint in (caught.value.hint or "")


def test_drivers_are_not_for_processes() -> None:
    Wishes(drop=("virtio_console",)).check(X86_64, "process")
    with pytest.raises(UsageError, match="not for --target process"):
        Wishes(parts=("virtio_rng",)).check(X86_64, "process")
