"""What the C library only tries is no reason; what the program wants is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converter.analyze.probed_files import only_tried, probed_files
from converter.profile.model import Entries, Evidence, Profile, Subject

LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
SUBJECT = Subject("image", "sha256:0", "linux/amd64", "/bin/x", ("x",), (), "/", (0, 0))
MARK = {"/proc/sys/vm/overcommit_memory": (Evidence("static", "/bin/x"),)}
STATIC = Profile(SUBJECT, "0", arguments={"open.path": MARK})
DYNAMIC = Profile(SUBJECT, "0")


@pytest.mark.parametrize(
    ("path", "source", "profile", "tried"),
    [
        ("/proc/stat", LIBC, DYNAMIC, True),
        ("/proc/stat", "/bin/x", STATIC, True),
        ("/proc/stat", "/bin/x", DYNAMIC, False),
        ("/proc/stat", "/usr/lib/libother.so.1", DYNAMIC, False),
        ("/proc/cpuinfo", LIBC, DYNAMIC, False),
        ("/proc/self/maps", "/bin/x", STATIC, True),
        ("/proc/self/maps", "/bin/x", replace(STATIC, syscalls={"clone3": ()}), False),
        ("/proc/self/maps", LIBC, replace(DYNAMIC, syscalls={"clone3": ()}), True),
    ],
)
def test_who_looks_decides(path: str, source: str, profile: Profile, tried: bool) -> None:
    why = Evidence("static", source, "0x10 to __open")
    opened = {**profile.arguments.get("open.path", {}), path: (why,)}
    assert only_tried(path, why, replace(profile, arguments={"open.path": opened})) is tried


def test_a_second_function_of_a_static_program_is_its_own() -> None:
    own = Evidence("static", "/bin/x", "0x90 to __open <- main")
    library = Evidence("static", "/bin/x", "0x10 to 0x40 <- entry point")
    given = replace(STATIC, arguments={"open.path": {**MARK, "/proc/stat": (library, own)}})
    assert not only_tried("/proc/stat", own, given)
    alone = replace(STATIC, arguments={"open.path": {**MARK, "/proc/stat": (library,)}})
    assert only_tried("/proc/stat", library, alone)
    main = Evidence("static", "/bin/x", "main to __open <- _start")
    alone = replace(STATIC, arguments={"open.path": {**MARK, "/proc/stat": (main,)}})
    assert not only_tried("/proc/stat", main, alone)


def test_a_function_that_needs_the_file() -> None:
    why = Evidence("static", LIBC, "pthread_getattr_np to __open <- main")
    assert not only_tried("/proc/self/maps", why, DYNAMIC)


@pytest.mark.parametrize("kind", ["dynamic", "user", "learned"])
def test_what_was_seen_or_asked_for_counts(kind: str) -> None:
    assert not only_tried("/proc/stat", Evidence(kind, LIBC), DYNAMIC)  # type: ignore[arg-type]


def test_each_rule_has_its_reason() -> None:
    assert all(rule.reason for rules in probed_files().values() for rule in rules)
    assert all(path.startswith(("/proc/", "/sys/", "/dev/")) for path in probed_files())


MUSL = {
    "poll": (Evidence("static", "/bin/x", "0x401250+0x153 at 0x4013a3 <- 0x40111d <- entry point"),),
    "set_tid_address": (
        Evidence("static", "/bin/x", "0x404950+0x1 at 0x404ac4 <- 0x401250 <- 0x40111d <- x"),
    ),
}


@pytest.mark.parametrize(
    ("opened", "syscalls", "tried"),
    [
        (("0x401250 <- 0x40111d <- entry point",), MUSL, True),
        (("0x401250 <- 0x40111d <- entry point",), {}, False),
        (("0x401250 to 0x409000 <- 0x40111d <- entry point",), MUSL, False),  # by open(3), as programs do
        (("0x401250 <- entry point", "0x402000 <- main"), MUSL, False),  # a second one is the program's own
        (("0x402000 <- main",), MUSL, False),
    ],
)
def test_the_start_of_a_static_program_with_musl(
    opened: tuple[str, ...], syscalls: Entries, tried: bool
) -> None:
    why = tuple(Evidence("static", "/bin/x", each) for each in opened)
    given = replace(DYNAMIC, syscalls=syscalls, arguments={"open.path": {"/dev/null": why}})
    assert only_tried("/dev/null", why[0], given) is tried
