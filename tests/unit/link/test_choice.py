"""The choice: what each rule takes in, what is sound where the profile does not know, what users may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from converter.link.architecture import X86_64
from converter.link.build import SHARED, build_archive
from converter.link.catalogue import Catalogue, read_catalogue
from converter.link.choice import Choice, choose, full
from converter.link.source import libos_root
from converter.link.wishes import Wishes
from converter.profile.model import ELSEWHERE, Evidence, Profile, Subject

SUBJECT = Subject("image", "sha256:0", "linux/amd64", "/bin/x", ("x",), (), "/", (0, 0))
STATIC, DYNAMIC = (Evidence("static", "/bin/x", "main at 0x1000"),), (Evidence("dynamic", "trace"),)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(build_archive(SHARED, X86_64), X86_64)


def profile(
    *syscalls: str, seen: tuple[str, ...] = (), arguments: Mapping[str, tuple[str, ...]] | None = None
) -> Profile:
    return Profile(
        SUBJECT,
        "0",
        syscalls={**dict.fromkeys(syscalls, STATIC), **dict.fromkeys(seen, DYNAMIC)},
        arguments={choice: dict.fromkeys(values, STATIC) for choice, values in (arguments or {}).items()},
    )


def test_only_what_is_named_is_in(catalogue: Catalogue) -> None:
    made = choose(profile("read", "write"), catalogue, "vm")
    assert made.syscalls == ("read", "write")
    assert made.parts == ("overlay", "virtio_console")
    assert "openat" in made.dropped and len(made.dropped) == len(catalogue.handlers) - 2
    assert made.why["overlay"] == ("every program",)


def test_platform_decides_on_drivers(catalogue: Catalogue) -> None:
    assert choose(profile("read", "getrandom"), catalogue, "process").parts == ("overlay",)
    assert "virtio_rng" in choose(profile("read", "getrandom"), catalogue, "vm").parts


def test_strict_takes_what_was_seen(catalogue: Catalogue) -> None:
    given = profile("read", "openat", seen=("write",), arguments={"open.path": ("/proc/self/status",)})
    assert choose(given, catalogue, "vm").syscalls == ("openat", "read", "write")
    strict = choose(given, catalogue, "vm", how="strict")
    assert strict.syscalls == ("write",)
    assert "procfs" in choose(given, catalogue, "vm").parts and "procfs" not in strict.parts


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/proc/cpuinfo", {"procfs", "procmachine"}),
        ("/proc/sys/kernel/random/uuid", {"procfs", "procmachine"}),
        ("/proc", {"procfs"}),
        ("/proc/", {"procfs", "procmachine", "netfs"}),  # something is added to it
        ("/proc/%s", {"procfs", "procmachine", "netfs"}),
        ("/proc/%s/dev", {"procfs", "procmachine", "netfs"}),
        ("/proc/%d/%s", {"procfs"}),
        ("/proc/self/fd/%i", {"procfs"}),
        ("/etc/", set()),
        ("/", set()),
        ("%s/cpuinfo", set()),
    ],
)
def test_paths_and_what_begins_one(path: str, parts: set[str], catalogue: Catalogue) -> None:
    made = choose(profile("openat", arguments={"open.path": (path,)}), catalogue, "vm")
    assert set(made.parts) & {"procfs", "procmachine", "netfs"} == parts


def test_full_is_everything(catalogue: Catalogue) -> None:
    made, whole = (
        choose(profile("read", "io_uring_setup"), catalogue, "vm", how="full"),
        full(catalogue, "vm"),
    )
    assert (made.syscalls, made.parts, made.dropped) == (whole.syscalls, whole.parts, ())
    assert made.absent == {"io_uring_setup": STATIC}


@pytest.mark.parametrize(("families", "chosen"), [(("2", "*"), False), (("*", "17"), True), ((), True)])
def test_a_value_that_has_to_be_named(catalogue: Catalogue, families: tuple[str, ...], chosen: bool) -> None:
    """A family that could not be told came from getaddrinfo(3), so it is not AF_PACKET."""
    given = profile("socket", arguments={"socket.domain": families} if families else None)
    assert ("packet_socket" in choose(given, catalogue, "vm").parts) is chosen


@pytest.mark.parametrize("path", ["/proc", "/proc/self/status", "*"])
def test_paths_choose_file_systems(catalogue: Catalogue, path: str) -> None:
    made = choose(profile("openat", arguments={"open.path": (path,)}), catalogue, "vm")
    assert "procfs" in made.parts
    assert "main at 0x1000" in made.why["procfs"][0]


def test_paths_beside_do_not(catalogue: Catalogue) -> None:
    made = choose(profile("openat", arguments={"open.path": ("/process", "/srv/proc")}), catalogue, "vm")
    assert "procfs" not in made.parts


def test_unknown_number_may_be_any_call(catalogue: Catalogue) -> None:
    made = choose(profile("*"), catalogue, "vm")
    assert set(made.syscalls) == set(catalogue.handlers)
    assert "tmpfs" in made.parts  # by memfd_create


def test_calls_that_others_rely_on(catalogue: Catalogue) -> None:
    made = choose(profile("rt_sigaction", "poll"), catalogue, "vm")
    assert {"rt_sigreturn", "restart_syscall"} <= set(made.syscalls)
    assert made.why["rt_sigreturn"] == ("system call rt_sigaction relies on it",)
    assert "rt_sigreturn" not in choose(profile("read"), catalogue, "vm").syscalls


def test_user_adds_and_drops(catalogue: Catalogue) -> None:
    wishes = Wishes(("fsync",), ("procfs",), ("write",))
    made = choose(profile("read", "write"), catalogue, "vm", wishes=wishes)
    assert made.syscalls == ("fsync", "read")
    assert "procfs" in made.parts and made.why["procfs"][0] == "added by the user"
    assert "fsync" in choose(profile("read"), catalogue, "vm", how="strict", wishes=wishes).syscalls


def test_what_an_option_leaves_out_is_told(catalogue: Catalogue) -> None:
    given = profile("read", "openat", "io_uring_setup", seen=("write",), arguments={"open.path": ("/proc",)})
    dropped = choose(given, catalogue, "vm", wishes=Wishes(drop=("read", "procfs", "mount", "fsync")))
    assert dropped.unlinked == {"procfs": "--drop", "read": "--drop"}
    strict = choose(given, catalogue, "vm", how="strict", wishes=Wishes(drop=("write",)))
    assert strict.unlinked == {"openat": "--strict", "read": "--strict", "write": "--drop"}
    assert choose(given, catalogue, "vm").unlinked == {}
    assert choose(given, catalogue, "vm", how="full").unlinked == {}
    relied_on = choose(profile("rt_sigaction"), catalogue, "vm", wishes=Wishes(drop=("rt_sigreturn",)))
    assert relied_on.unlinked == {"rt_sigreturn": "--drop"}


def test_added_call_that_the_library_os_has_not_is_told(catalogue: Catalogue) -> None:
    made = choose(profile("read"), catalogue, "vm", wishes=Wishes(("io_uring_setup",)))
    assert list(made.absent) == ["io_uring_setup"]


def test_order_does_not_matter(catalogue: Catalogue) -> None:
    one: Choice = choose(profile("read", "write", "openat"), catalogue, "vm")
    other = choose(profile("openat", "write", "read"), catalogue, "vm")
    assert one == other and one.why == other.why


def test_paths_elsewhere_and_paths_that_a_part_lacks_do_not(catalogue: Catalogue) -> None:
    made = choose(profile("openat", arguments={"open.path": (ELSEWHERE, "/proc/%d/io")}), catalogue, "vm")
    assert not {"procfs", "sysfs", "devfs", "trace"} & set(made.parts)


def test_what_the_library_only_tries_does_not(catalogue: Catalogue) -> None:
    tried = (Evidence("static", "/bin/x", "0x1000 to __open <- main"),)
    paths = dict.fromkeys(("/proc/stat", "/proc/sys/vm/overcommit_memory"), tried)
    given = replace(profile("openat"), arguments={"open.path": paths})
    assert not {"procfs", "sysfs"} & set(choose(given, catalogue, "vm").parts)
    seen = replace(given, arguments={"open.path": {"/proc/stat": DYNAMIC}})
    assert "procfs" in choose(seen, catalogue, "vm").parts


def test_parts_have_what_their_rules_say_they_lack_not() -> None:
    """A file that procfs gets is a reason for it from then on."""
    source = (libos_root() / "fs/procfs/process.c").read_text()
    assert '"status"' in source and '"io"' not in source


def test_how_the_program_starts_is_a_reason(catalogue: Catalogue) -> None:
    """A part of the start is in with any form of choice, unless it is dropped by name."""
    start = {"script": "/run.sh is a script", "left_out": "files are not in the root"}
    assert choose(profile("read"), catalogue, "vm").parts == ("overlay", "virtio_console")
    made = choose(profile("read"), catalogue, "vm", how="strict", start=start)
    assert made.parts == ("left_out", "overlay", "script", "virtio_console")
    assert made.why["script"] == ("/run.sh is a script",)
    assert (
        "script"
        not in choose(profile("read"), catalogue, "vm", start=start, wishes=Wishes(drop=("script",))).parts
    )
    assert {"script", "interpreter"} <= set(choose(profile("execve"), catalogue, "vm").parts)


@pytest.mark.parametrize(
    ("calls", "uses", "writable"),
    [
        (("read",), (), False),
        (("openat",), ("reading",), False),
        (("openat",), ("reading", "writing"), True),
        (("openat",), ("*",), True),
        (("openat",), (), True),  # a profile that does not know of it
        (("openat", "mkdir"), ("reading",), True),
    ],
)
def test_the_root_is_writable_if_something_writes(
    catalogue: Catalogue, calls: tuple[str, ...], uses: tuple[str, ...], writable: bool
) -> None:
    given = profile(*calls, arguments={"open.for": uses} if uses else None)
    assert ("writable" in choose(given, catalogue, "vm").parts) is writable
    assert ("writable" in choose(given, catalogue, "vm", how="strict").parts) is False
