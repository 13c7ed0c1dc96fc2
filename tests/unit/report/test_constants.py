"""Numbers of a profile with their names."""

from __future__ import annotations

import fcntl
import socket
import termios

import pytest

from converter.report.constants import with_name


@pytest.mark.parametrize(
    ("choice", "value", "text"),
    [
        ("socket.domain", str(int(socket.AF_INET6)), "10 AF_INET6"),
        ("socket.domain", str(int(socket.AF_UNIX)), "1 AF_UNIX"),
        ("socketpair.domain", "1", "1 AF_UNIX"),
        ("socket.type", str(int(socket.SOCK_DGRAM)), "2 SOCK_DGRAM"),
        ("socket.protocol", "6", "6 IPPROTO_TCP"),
        ("fcntl", str(fcntl.F_DUPFD_CLOEXEC), "1030 F_DUPFD_CLOEXEC"),
        ("ioctl", str(termios.TIOCGWINSZ), "21523 TIOCGWINSZ"),
        ("ioctl", str(termios.FIONREAD), "21531 FIONREAD"),
        ("prctl", "15", "15 PR_SET_NAME"),
        ("clone.flags", str(0x100 | 0x10000), "65792 CLONE_VM|CLONE_THREAD"),
        ("clone.flags", str(0x100 | 0x10), "272 CLONE_VM|0x10"),
        ("clone.flags", "0", "0"),
        ("socket.domain", "4242", "4242"),
        ("socket.domain", "*", "*"),
        ("open.path", "/dev", "/dev"),
        ("open.path", "7", "7"),
        ("ioctl", "9" * 5000, "9" * 5000),
        ("clone.flags", "9" * 5000, "9" * 5000),
    ],
)
def test_a_number_gets_its_name(choice: str, value: str, text: str) -> None:
    assert with_name(choice, value) == text
