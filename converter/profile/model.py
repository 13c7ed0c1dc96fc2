"""The profile: each system call, argument, library, file and socket of a program, with why it is there.

Values are immutable. Names are text; a path of the image that is no UTF-8 is surrogate-escaped (os.fsdecode).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SCHEMA = 1

# How something is known. `static`: read from the code. `dynamic`: seen in a run. `rule`: a reviewed data file
# says so. `user`: an option of the command line. `learned`: a run of the unikernel missed it.
KINDS = ("static", "dynamic", "rule", "user", "learned")


# How the fields path to user of a subject were found: in the image's configuration, by reading its entrypoint
# script, by watching that, by an option of the command line.
DECIDED_BY = ("image", "script", "trace", "user")


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One reason for an entry.

    source: the binary (path in the image), trace, rule file or option that it comes from
    detail: where in it: `function+0x1c at 0x4012d6`, what called it, when it was seen
    """

    kind: str
    source: str
    detail: str = ""


Evidences = tuple[Evidence, ...]
Entries = Mapping[str, Evidences]  # name -> why, never empty


@dataclass(frozen=True, slots=True, order=True)
class Unresolved:
    """A place whose system call, argument or library the analysis could not tell: it fails closed.

    what: `syscall number`, `dlopen name`, ...; address is virtual, as in the file's program headers.
    """

    binary: str
    address: int
    function: str
    what: str
    reason: str


ELSEWHERE = "* elsewhere"  # of `open.path`, `execve.path`: not below /dev, /proc and /sys


@dataclass(frozen=True, slots=True)
class Subject:
    """What was profiled: the image, and the program that runs in it in the end."""

    reference: str
    digest: str
    platform: str  # linux/amd64
    path: str
    argv: tuple[str, ...]
    env: tuple[str, ...]  # NAME=value
    cwd: str
    user: tuple[int, ...]  # uid, gid, supplementary groups
    decided_by: str = "image"  # one of DECIDED_BY
    reasons: tuple[str, ...] = ()  # the steps that led there, in order


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is known of what the program uses.

    arguments: choice -> value -> why; choices are `socket.domain`, `socket.type`, `ioctl`, `prctl`, `fcntl`,
               `open.path`, ...; the value `*` stands for one that could not be told, ELSEWHERE for a path
               that could not and that no text of the image has below a virtual file system
    libraries, files: canonical paths in the image
    sockets:   `tcp 0.0.0.0:6379 listen`, `unix /run/x.sock connect`
    open:      why the static set may not be all (an interpreter, a JIT, plug-ins from outside); empty: closed
    """

    subject: Subject
    tool_version: str
    syscalls: Entries = field(default_factory=dict)
    arguments: Mapping[str, Entries] = field(default_factory=dict)
    libraries: Entries = field(default_factory=dict)
    files: Entries = field(default_factory=dict)
    sockets: Entries = field(default_factory=dict)
    open: tuple[str, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    schema: int = SCHEMA
