"""What two profiles do not share."""

from __future__ import annotations

from dataclasses import replace

from converter.profile.difference import Change, difference
from converter.profile.model import Unresolved
from tests.unit.profile.profiles import PROFILE, SEEN, SUBJECT


def test_equal_profiles_do_not_differ() -> None:
    assert not difference(PROFILE, PROFILE)


def test_a_new_build_with_other_evidence_does_not_differ() -> None:
    rebuilt = replace(
        PROFILE,
        tool_version="9",
        subject=replace(SUBJECT, digest="sha256:" + "b" * 64, reference="app:2"),
        syscalls=dict.fromkeys(PROFILE.syscalls, (SEEN,)),
        unresolved=tuple(replace(place, address=1) for place in PROFILE.unresolved),
    )
    assert not difference(PROFILE, rebuilt)


def test_every_section_is_compared() -> None:
    new = replace(
        PROFILE,
        subject=replace(SUBJECT, argv=("app",), env=("LANG=C", "A=b c"), user=(0, 0)),
        syscalls={"read": (SEEN,), "write": (SEEN,)},
        arguments={"socket.domain": {"AF_UNIX": (SEEN,)}},
        libraries={},
        files={},
        sockets={"udp 0.0.0.0:53 listen": (SEEN,)},
        open=(),
        unresolved=(Unresolved("/usr/bin/app", 1, "g", "syscall number", ""),),
    )
    found = difference(PROFILE, new)
    assert found
    assert found.sections["syscalls"] == Change(added=("write",), removed=("socket",))
    assert found.sections["socket.domain"] == Change(("AF_UNIX",), ("AF_INET",))
    assert found.sections["ioctl"] == Change((), ("*",))
    assert found.sections["env"] == Change(("A=b c",), ("PATH=/bin",))
    assert set(found.sections) == {
        "env",
        "syscalls",
        "socket.domain",
        "ioctl",
        "libraries",
        "files",
        "sockets",
        "open",
        "unresolved",
    }
    assert found.program == {"argv": ("app --serve", "app"), "user": ("1000 1000 27", "0 0")}
