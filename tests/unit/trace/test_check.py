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


def test_a_call_that_could_not_be_told_may_be_any() -> None:
    assert violations(profile("static", ("*", "read")), profile("dynamic", ("read", "fsconfig"))) == ()


def paths(*static: str, seen: str, choice: str = "open.path") -> bool:
    """Whether `seen` is foretold."""
    found = violations(profile("static", (), {choice: static}), profile("dynamic", (), {choice: (seen,)}))
    return not found


def test_a_path_that_is_put_together_is_foretold_by_its_text() -> None:
    thread = "/proc/self/task/%u/comm"
    assert paths(thread, seen="/proc/self/task/%u/comm")
    assert paths(thread, seen="/proc/self/task/12/comm")
    assert paths("/proc/%d/stat", seen="/proc/self/stat")
    assert paths("/dev/shm/%s", seen="/dev/shm/sem.x")
    assert not paths(thread, seen="/proc/self/task/12/stat")
    assert not paths("/dev/shm/%s", seen="/dev/shm/a/b")


def test_a_path_whose_text_goes_on_or_is_a_folder_that_others_start_from() -> None:
    assert paths("/proc/sys/net/core/somaxconn/etc/mime", seen="/proc/sys/net/core/somaxconn")
    assert paths("* elsewhere", "/sys/devices/system/cpu", seen="/sys/devices/system/cpu/cpu0/online")
    assert not paths("/sys/devices/system/cpu", seen="/sys/devices/system/cpu/cpu0/online")
    assert not paths("* elsewhere", "/proc/self/maps", seen="/proc/stat")


def test_programs_that_are_executed_from_an_unknown_path() -> None:
    assert paths("* elsewhere", seen="/usr/bin/id", choice="execve.path")
    assert not paths("* elsewhere", seen="/proc/self/exe", choice="execve.path")


def test_where_reading_says_itself_that_there_is_more_it_is_no_bug() -> None:
    static = Profile(SUBJECT, "1", syscalls=entries("static", "read"), open=("Node.js compiles JavaScript",))
    (found,) = violations(static, profile("dynamic", ("pkey_alloc",)))
    assert str(found).endswith("not foretold (x): reading cannot tell all: Node.js compiles JavaScript")
