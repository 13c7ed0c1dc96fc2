"""Which parts and system calls a kernel is linked with, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from converter.link.catalogue import Catalogue
from converter.link.parts import Part, all_parts, implied_calls
from converter.link.rules import reasons
from converter.link.wishes import Wishes
from converter.profile.model import Entries, Evidence, Profile

How = Literal["default", "strict", "full"]
ANY = "*"  # in place of a name: it could not be told, so it may be each of them
_NONE = Wishes()
# What a strict choice believes: what was seen, what the user said, what a run has missed.
STRICT = frozenset({"dynamic", "user", "learned"})


@dataclass(frozen=True, slots=True)
class Choice:
    """Sorted names: system call handlers, and parts.

    why:     for each part, and for each handler that no profile names, what made it needed
    dropped: handlers that the library OS has and this choice leaves out
    absent:  calls that are wanted and that the library OS does not have, with who wants them
    unlinked: calls that the program may make, and parts for it, and the option that leaves each out
    """

    syscalls: tuple[str, ...]
    parts: tuple[str, ...]
    why: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    dropped: tuple[str, ...] = field(default=(), compare=False)
    absent: Entries = field(default_factory=dict, compare=False)
    unlinked: Mapping[str, str] = field(default_factory=dict, compare=False)


def full(catalogue: Catalogue, platform: str) -> Choice:
    """Everything that can run on `platform`, but for what looks on (Part.interposer)."""
    parts = [part for part in optional_parts(platform) if part.interposer is None]
    why = {part.name: ("everything was asked for",) for part in parts}
    return Choice(tuple(sorted(catalogue.handlers)), tuple(part.name for part in parts), why)


def optional_parts(platform: str) -> tuple[Part, ...]:
    """The parts that can be chosen on `platform`, by name."""
    return tuple(part for part in all_parts() if part.optional and part.runs_on(platform))


def same_parts(syscalls: tuple[str, ...], parts: tuple[str, ...], platform: str) -> Choice:
    """The choice of an existing unikernel, for another platform: its drivers may have no place there."""
    fitting = {part.name for part in all_parts() if part.runs_on(platform)}
    return Choice(syscalls, tuple(part for part in parts if part in fitting))


def choose(
    profile: Profile,
    catalogue: Catalogue,
    platform: str,
    *,
    how: How = "default",
    wishes: Wishes = _NONE,
    start: Mapping[str, str] = MappingProxyType({}),
) -> Choice:
    """What `profile` needs on `platform` ("vm", "process").

    how: `default`: static and dynamic evidence; `strict`: only what was seen, asked for or learned; `full`:
         everything
    start: what holds of the program's start (link/parts.py, Rules), and the words for it
    """
    seen = _only(profile, STRICT) if how == "strict" else profile
    asked = {name: (Evidence("user", "--add-syscall"),) for name in wishes.calls}
    wanted = _wanted(seen.syscalls, catalogue) | asked
    whole = full(catalogue, platform)
    if how == "full":
        calls, why = set(catalogue.handlers), dict(whole.why)
        parts = set(whole.parts)
    else:
        calls = set(wanted) & set(catalogue.handlers)
        why = {}
        for name, users in implied_calls().items():
            if name in catalogue.handlers and name not in calls and (by := sorted(calls & set(users))):
                why[name] = tuple(f"system call {user} relies on it" for user in by)
        calls |= set(why)
        seen = replace(seen, syscalls={**wanted, **dict.fromkeys(why, ())})
        parts = set()
        for part in optional_parts(platform):
            found = reasons(part, seen, platform, start)
            if part.name in wishes.parts:
                found = ("added by the user", *found)
            if found:
                parts.add(part.name)
                why[part.name] = found
    calls -= set(wishes.drop)
    parts -= set(wishes.drop)
    every = {*_wanted(profile.syscalls, catalogue), *wanted, *why}
    return Choice(
        tuple(sorted(calls)),
        tuple(sorted(parts)),
        {name: text for name, text in sorted(why.items()) if name in calls or name in parts},
        tuple(sorted(set(catalogue.handlers) - calls)),
        {
            name: wanted[name]
            for name in sorted(wanted)
            if name not in catalogue.handlers and name not in wishes.drop
        },
        {
            name: "--drop" if name in wishes.drop else "--strict"
            for name in sorted(every - calls - parts)
            if name in catalogue.handlers or name in why
        },
    )


def _wanted(syscalls: Entries, catalogue: Catalogue) -> dict[str, tuple[Evidence, ...]]:
    """With `*` each call of the library OS: a site whose number is not known may make any of them."""
    named = {name: why for name, why in syscalls.items() if name != ANY}
    if ANY in syscalls:
        return dict.fromkeys(sorted(catalogue.handlers), syscalls[ANY]) | named
    return named


def _only(profile: Profile, kinds: Iterable[str]) -> Profile:
    """The profile as if there were no evidence but that of `kinds`."""

    def entries(given: Entries) -> dict[str, tuple[Evidence, ...]]:
        kept = {name: tuple(each for each in why if each.kind in kinds) for name, why in given.items()}
        return {name: why for name, why in kept.items() if why}

    return replace(
        profile,
        syscalls=entries(profile.syscalls),
        arguments={choice: entries(values) for choice, values in profile.arguments.items()},
        libraries=entries(profile.libraries),
        files=entries(profile.files),
        sockets=entries(profile.sockets),
    )
