"""Numbers of the constants that strace shows by name, as profiles have them: decimal."""

from __future__ import annotations

import re
import socket

# linux/sched.h: the bits of clone(2)'s flags above its signal.
_CLONE = {
    "CLONE_VM": 0x100,
    "CLONE_FS": 0x200,
    "CLONE_FILES": 0x400,
    "CLONE_SIGHAND": 0x800,
    "CLONE_PIDFD": 0x1000,
    "CLONE_PTRACE": 0x2000,
    "CLONE_VFORK": 0x4000,
    "CLONE_PARENT": 0x8000,
    "CLONE_THREAD": 0x10000,
    "CLONE_NEWNS": 0x20000,
    "CLONE_SYSVSEM": 0x40000,
    "CLONE_SETTLS": 0x80000,
    "CLONE_PARENT_SETTID": 0x100000,
    "CLONE_CHILD_CLEARTID": 0x200000,
    "CLONE_DETACHED": 0x400000,
    "CLONE_UNTRACED": 0x800000,
    "CLONE_CHILD_SETTID": 0x1000000,
    "CLONE_NEWCGROUP": 0x2000000,
    "CLONE_NEWUTS": 0x4000000,
    "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
    "CLONE_IO": 0x80000000,
}
_CLONE_FLAG = re.compile(r"CLONE_\w+")
# linux/netlink.h: protocols, of which Python knows none.
_NETLINK = {"NETLINK_ROUTE": 0, "NETLINK_AUDIT": 9, "NETLINK_KOBJECT_UEVENT": 15, "NETLINK_GENERIC": 16}


def socket_number(name: str) -> str:
    """AF_INET, SOCK_STREAM, IPPROTO_TCP or a number as strace has it -> decimal; a name not known stays."""
    known = _NETLINK.get(name, getattr(socket, name, None))
    if isinstance(known, int):
        return str(int(known))
    try:
        return str(int(name, 0))
    except ValueError:
        return name


def clone_flags(text: str) -> str:
    """The flags in `flags=CLONE_VM|CLONE_FS|SIGCHLD`, without the signal."""
    value = 0
    for name in _CLONE_FLAG.findall(text):
        value |= _CLONE.get(name, 0)
    return str(value)
