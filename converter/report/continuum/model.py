"""What is known of the stops of a continuum; `continuum.py` finds it, the others show it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from converter.report.contents import Contents
from converter.rootfs.reason import ReasonTotal


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be counted without running anything; the same in each run.

    bytes:    what lies on the disk of who runs it: plain layers, or the file
    packed:   the same by `gzip -6`: what is sent over a wire
    contents: of the root
    syscalls: which the program can make with another answer than that there is no such call
    kernel:   bytes of machine code of the kernel that answers; None: this host does not tell
    """

    bytes: int
    packed: int
    contents: Contents
    syscalls: int
    kernel: int | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Of several measurements of one thing."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """None for no values."""
        return cls(statistics.median(values), min(values), max(values)) if values else None


@dataclass(frozen=True, slots=True)
class Measured:
    """Runs, in their order. Seconds from the start to the first answer, or to the end of a job; bytes of
    memory (PSS) at rest, none for what has ended or may not be looked at."""

    seconds: tuple[float, ...]
    memory: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """One of them.

    title:    for people
    how:      what runs it here
    kernel:   who answers its system calls
    measured: None: it was not run, and `why` says why
    """

    name: str
    title: str
    how: str
    kernel: str
    figures: Figures
    measured: Measured | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class PartSize:
    """A part of the library OS, in bytes of the unikernel file, with why it is there."""

    name: str
    kind: str
    bytes: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageSize:
    """Files of a package that are left, in bytes; name empty: of no package."""

    name: str
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What the container has and the unikernel not: files by reason, packages and calls by name."""

    files: tuple[ReasonTotal, ...]
    packages: tuple[str, ...]
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Continuum:
    """All of it.

    program:  the argument vector, as a shell has it
    question: what was asked of it, or that it is a job
    runs:     how often each stop was to be started
    host:     where
    sections: what the unikernel file consists of: name, bytes
    commands: what makes the same again, with a word for each
    """

    reference: str
    digest: str
    tool_version: str
    program: str
    question: str
    job: bool
    runs: int
    host: str
    stops: tuple[Stop, ...]
    parts: tuple[PartSize, ...]
    packages: tuple[PackageSize, ...]
    sections: tuple[tuple[str, int], ...]
    calls: tuple[str, ...]
    cut: Cut
    commands: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
