"""Dynamic within static."""

from __future__ import annotations

from collections.abc import Mapping

from converter.profile.model import Entries, Evidence, Profile, Subject
from converter.trace.check import violations

SUBJECT = Subject("x", "sha256:0", "linux/amd64", "/x", ("x",), (), "/", (0, 0))


def entries(kind: str, *names: str) -> Entries:
    return {name: (Evidence(kind, "trace", "x"),) for name in names}


def profile(
    kind: str, calls: tuple[str, ...], arguments: Mapping[str, tuple[str, ...]] | None = None
) -> Profile:
    choices = {choice: entries(kind, *values) for choice, values in (arguments or {}).items()}
    return Profile(SUBJECT, "1", syscalls=entries(kind, *calls), arguments=choices)


def test_a_call_that_was_not_foretold_is_told_with_its_evidence() -> None:
    found = violations(profile("static", ("read",)), profile("dynamic", ("read", "write", "restart_syscall")))
    assert [str(each) for each in found] == [
        "system call write was used but not foretold (x): a bug in u2k, please report it"
    ]


def test_libraries() -> None:
    static = Profile(SUBJECT, "1", libraries=entries("static", "/lib/a.so"))
    dynamic = Profile(SUBJECT, "1", libraries=entries("dynamic", "/lib/a.so", "/lib/b.so"))
    assert [(each.kind, each.name) for each in violations(static, dynamic)] == [("library", "/lib/b.so")]


def test_arguments_count_where_static_analysis_decides_them() -> None:
    dynamic = profile("dynamic", (), {"ioctl": ("21505",), "fcntl": ("4", "F_X"), "prctl": ("15",)})
    static = profile("static", (), {"ioctl": ("*",), "fcntl": ("3",)})
    assert [(each.kind, each.name) for each in violations(static, dynamic)] == [("fcntl", "4")]
