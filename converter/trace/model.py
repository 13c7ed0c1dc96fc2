"""What a trace gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converter.analyze.users import Credentials
from converter.image.tree import FileTree
from converter.profile.model import Entries, Profile


@dataclass(frozen=True, slots=True)
class Started:
    """A program as it was executed: what execve(2) was given, and as whom and where."""

    path: bytes  # absolute; links are not followed, scripts not expanded
    argv: tuple[bytes, ...]
    env: tuple[bytes, ...]  # NAME=value
    cwd: bytes
    user: Credentials
    umask: int = 0o022


@dataclass(frozen=True, slots=True)
class Ran:
    """Another program that ran: what it used, by whom it was started, how often."""

    path: bytes
    by: bytes
    times: int
    syscalls: Entries


@dataclass(frozen=True, slots=True)
class Trace:
    """A finished trace.

    profile:  what the program (and processes that it forked) used, evidence `dynamic`
    program:  the last program that the first process executed; None when the trace does not say
    steps:    what the first process executed before it: the entrypoint script, gosu ...; the first ones
    more_steps: how many there were beyond them
    forked:   processes that the program made of itself (workers)
    others:   programs that it, or what ran before it, started in processes of their own, by path
    ending:   how it came to the end, for people
    notes:    what could not be had, and what was odd
    answers:  what each probe got
    tree:     the files as the program found them when it began, if that was asked for and could be had
    changed:  what is different in it: canonical paths, sorted
    failed:   whether it ended by itself, and badly
    """

    profile: Profile
    program: Started | None
    steps: tuple[Started, ...]
    more_steps: int
    forked: int
    others: Mapping[str, Ran]
    ending: str
    notes: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    tree: FileTree | None = None
    changed: tuple[bytes, ...] = ()
    failed: bool = False
