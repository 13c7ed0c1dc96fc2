"""Profiles for tests."""

from __future__ import annotations

from converter.profile.model import Evidence, Profile, Subject, Unresolved

SUBJECT = Subject(
    reference="app:1",
    digest="sha256:" + "a" * 64,
    platform="linux/amd64",
    path="/usr/bin/app",
    argv=("app", "--serve"),
    env=("PATH=/bin", "LANG=C"),
    cwd="/srv",
    user=(1000, 1000, 27),
    decided_by="script",
    reasons=("/entrypoint.sh line 3: exec app",),
)
READ = Evidence("static", "/usr/lib/libc.so.6", "read+0xf at 0x10e04f <- main+0x20")
SEEN = Evidence("dynamic", "trace", "first seen in app")

PROFILE = Profile(
    subject=SUBJECT,
    tool_version="0.1.0",
    syscalls={"read": (READ, SEEN), "socket": (SEEN,)},
    arguments={"socket.domain": {"AF_INET": (SEEN,)}, "ioctl": {"*": (READ,)}},
    libraries={"/usr/lib/libc.so.6": (Evidence("static", "/usr/bin/app", "DT_NEEDED libc.so.6"),)},
    files={"/etc/app.conf": (SEEN,), "/srv/\udcff": (Evidence("rule", "python.toml"),)},
    sockets={"tcp 0.0.0.0:80 listen": (SEEN,)},
    open=("python3 loads what scripts import",),
    unresolved=(Unresolved("/usr/bin/app", 0x4012D6, "f", "syscall number", "it comes from memory"),),
)
