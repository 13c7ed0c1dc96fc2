"""The trace that a unikernel tells, line by line."""

from __future__ import annotations

import pytest

from converter.trace.kernel_log import KernelLog
from tests.builders.trees import program, regular, symlink, tree_of

NUMBERS = {2: "open", 4: "stat", 41: "socket", 49: "bind", 16: "ioctl", 56: "clone", 42: "connect"}


def log(*lines: str, **more: object) -> KernelLog:
    found = KernelLog(b"/bin/prog", NUMBERS, **more)  # type: ignore[arg-type]
    for line in lines:
        assert found.line("u2k: trace: " + line)
    return found


def test_other_lines_are_not_taken() -> None:
    assert not KernelLog(b"/bin/prog", NUMBERS).line("u2k: system call foo (1) is not in this unikernel")


def test_calls_and_what_chooses() -> None:
    found = log(
        "call 2", "call 41", "call 9999", "value 41 0 2", "value 41 1 1", "value 16 1 21505", "value 56 0 256"
    )
    assert set(found.record.calls) == {"open", "socket"}
    assert set(found.record.arguments) == {
        ("socket.domain", "2"),
        ("socket.type", "1"),
        ("ioctl", "21505"),
        ("clone.flags", "256"),
    }


def test_paths_are_decoded() -> None:
    found = log("file 2 /a%20b%25%0a", "file 4 /proc/self/maps", "asked 2 /dev/none", "map /lib/x.so")
    assert list(found.record.files) == [b"/a b%\n", b"/proc/self/maps"]
    assert set(found.record.arguments) == {("open.path", "/dev/none")}
    assert list(found.record.libraries) == [b"/lib/x.so"]


def test_with_the_image_at_hand_links_are_found_and_other_files_are_not_kept() -> None:
    tree = tree_of(
        {
            "/lib": symlink(b"usr/lib"),
            "/usr/lib/x": symlink(b"x.1"),
            "/usr/lib/x.1": program(b""),
            "/c": regular(),
        }
    )
    found = log("file 2 /usr/lib/x.1", "asked 2 /lib/x", "file 2 /made", tree=tree)
    assert list(found.record.files) == [b"/usr/lib/x.1", b"/lib", b"/usr/lib/x"]


def test_addresses() -> None:
    inet = "0200" + "18eb" + "7f000001" + "00" * 8
    inet6 = "0a00" + "0050" + "00000000" + "00" * 15 + "01" + "00000000"
    unix = "0100" + b"/run/x\0junk".hex()
    abstract = "0100" + b"\0name".hex()
    lines = [f"address 49 {each}" for each in (inet, inet6, unix)]
    found = log("value 41 1 1", *lines, f"address 42 {abstract}")
    assert list(found.record.sockets) == [
        "tcp 127.0.0.1:6379 bind",
        "tcp [::1]:80 bind",
        "unix /run/x bind",
        "unix @name connect",
    ]


def test_another_program_begins_anew() -> None:
    found = log("call 2", "exec /bin/other%20one", "call 4")
    assert (found.record.executable, set(found.record.calls)) == (b"/bin/other one", {"stat"})
    assert found.steps == [b"/bin/prog"]


@pytest.mark.parametrize(
    "line",
    ["", "call", "call x", "value 41 0", "file 2", "address 49 zz", "address 49 02", "unknown 1", "map"],
)
def test_what_is_malformed_is_passed_over(line: str) -> None:
    found = log(line)
    assert (found.record.files, found.record.sockets) == ({}, {})
