"""Why a name is in a profile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converter.profile.explanation import explain
from tests.unit.profile.profiles import PROFILE, READ, SEEN


def test_a_call_with_its_evidence_and_arguments() -> None:
    answer = explain(PROFILE, "syscall", "read")
    assert answer.names == {"read": (READ, SEEN)}
    assert answer.arguments == {}
    assert explain(PROFILE, "syscall", "socket").arguments == {"socket.domain": {"AF_INET": (SEEN,)}}


def test_arguments_of_a_call_that_names_its_choice_alone() -> None:
    profile = replace(PROFILE, syscalls={"ioctl": (READ,)})
    assert explain(profile, "syscall", "ioctl").arguments == {"ioctl": {"*": (READ,)}}


@pytest.mark.parametrize("asked", ["/usr/lib/libc.so.6", "libc.so.6", "libc"])
def test_a_library_by_path_or_name(asked: str) -> None:
    assert list(explain(PROFILE, "lib", asked).names) == ["/usr/lib/libc.so.6"]


def test_a_file_by_its_last_name() -> None:
    assert list(explain(PROFILE, "file", "app.conf").names) == ["/etc/app.conf"]
    assert not explain(PROFILE, "file", "app").names, "the beginning of a name is enough for libraries only"


@pytest.mark.parametrize(
    ("kind", "asked", "near"),
    [
        ("syscall", "raed", ("read",)),
        ("syscall", "sockets", ("socket", "socketpair")),
        ("syscall", "socketpair", ("socket",)),
        ("lib", "libz.so.1", ()),
        ("lib", "libc.so.7", ("/usr/lib/libc.so.6",)),
        ("file", "/etc/apt.conf", ("/etc/app.conf",)),
    ],
)
def test_what_is_not_there(kind: str, asked: str, near: tuple[str, ...]) -> None:
    known = ["socketpair", "mount"] if kind == "syscall" else []
    answer = explain(PROFILE, kind, asked, known)
    assert answer.names == {}
    assert answer.near == near
    assert answer.open == PROFILE.open


def test_a_call_that_could_not_be_told_may_be_any() -> None:
    profile = replace(PROFILE, syscalls={"*": (READ,)}, open=())
    answer = explain(profile, "syscall", "mount")
    assert answer.names == {}
    assert answer.open == ("a system call whose number could not be told may be it",)
