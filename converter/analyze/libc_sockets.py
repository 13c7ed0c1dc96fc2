"""Sockets that only the C library itself could make, deep in its name services and remote procedure calls.

By reading alone nearly every program reaches them: getpwuid(3) leads to the table of name services, which has
DNS; exit(3) to what remote procedure calls register. A program whose work is on the network makes sockets
itself, or asks for addresses; for one that does neither, the network would be most of its kernel.
"""

from __future__ import annotations

import re

from converter.profile.model import Entries, Evidence, Profile

CHOICES = frozenset(("socket.domain", "socket.type"))
_LIBC = re.compile(r"libc\.so\.6|(libc\.musl|ld-musl)-\w+\.so\.1")
# Functions that a program calls to reach others (man pages, section 3): a site in them is the program's wish.
_ASKED_FOR = re.compile(r"(getaddrinfo|getnameinfo|gethostby\w+|getifaddrs|if_name\w+) ?")
_AF_UNIX = ("1", "AF_UNIX", "AF_LOCAL")


def made_by_libc_alone(profile: Profile) -> bool:
    """Whether sockets can be made, and all places that make them are the C library's own."""
    why = [each for entries in profile.arguments.get("socket.domain", {}).values() for each in entries]
    return bool(why) and all(_own(each) for each in why)


def _own(why: Evidence) -> bool:
    library = _LIBC.fullmatch(why.source.rpartition("/")[2]) is not None
    return why.kind == "static" and library and _ASKED_FOR.match(why.detail) is None


def without_the_network(choice: str, entries: Entries) -> Entries:
    """Of a program that made_by_libc_alone(): sockets within it stay, as for syslog(3)."""
    if choice != "socket.domain":
        return {}
    return {value: why for value, why in entries.items() if value in _AF_UNIX}
