"""Whether a profile makes a part needed: the rules of its `part.toml` against the profile's entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from converter.analyze import libc_sockets
from converter.analyze.probed_files import only_tried
from converter.link.parts import Part, Rules
from converter.profile.model import Entries, Evidence, Profile

_ANY = "*"
_SHOWN = 4  # reasons of one part that are kept


def reasons(part: Part, profile: Profile, platform: str, start: Mapping[str, str]) -> tuple[str, ...]:
    """Why `part` is needed on `platform`, some words each; empty if no rule of it holds.

    `start`: what holds of the program's start (Rules.start), and the words for it.
    """
    found = [start[fact] for fact in part.needed_by.start if fact in start]
    found = list(dict.fromkeys((*found, *_all(part, profile, platform))))
    more = len(found) - _SHOWN
    return (*found[:_SHOWN], f"and {more} more") if more > 0 else tuple(found)


def _all(part: Part, profile: Profile, platform: str) -> Iterator[str]:
    rules = part.needed_by
    if platform in rules.platforms or _ANY in rules.platforms:
        yield f"every program on {platform}" if _ANY not in rules.platforms else "every program"
    for name in rules.syscalls:
        if name in profile.syscalls:
            yield _shown(f"system call {name}", profile.syscalls[name])
    for name, value, why in _matching_files(rules, profile):
        yield _shown(f"{name} {value}" if value != _ANY else f"{name} of any name", why)
    for choice, calls in rules.untold.items():
        for name in calls if choice not in profile.arguments else ():
            if name in profile.syscalls:
                yield f"system call {name}, and nothing is known of {choice}"
    for choice, values in rules.arguments.items():
        for value, why in _matching_values(values, _wanted(choice, profile)):
            yield _shown(f"{choice} {value}" if value != _ANY else f"{choice} of any value", why)
    for choice, values in rules.named.items():
        told = {value: why for value, why in profile.arguments.get(choice, {}).items() if value != _ANY}
        for value, why in _matching_values(values, told):
            yield _shown(f"{choice} {value}", why)


def _wanted(choice: str, profile: Profile) -> Entries:
    """What is known of a choice, without sockets that nobody asks for."""
    entries = profile.arguments.get(choice, {})
    if choice in libc_sockets.CHOICES and libc_sockets.made_by_libc_alone(profile):
        return libc_sockets.without_the_network(choice, entries)
    return entries


def _matching_files(rules: Rules, profile: Profile) -> Iterator[tuple[str, str, tuple[Evidence, ...]]]:
    """A path at or below `rules.files`, or one that could not be told; not what libraries only try."""
    for what, entries in (
        ("file", profile.files),
        ("path", profile.arguments.get("open.path", {})),
        ("program", profile.arguments.get("execve.path", {})),
    ):
        for path, evidence in entries.items():
            if not any(path == _ANY or _may_be_in(path, folder) for folder in rules.files):
                continue
            if any(fnmatchcase(path, pattern) for pattern in rules.without):
                continue
            why = tuple(each for each in evidence if what != "path" or not only_tried(path, each, profile))
            if why or not evidence:
                yield what, path, why


def _may_be_in(path: str, folder: str) -> bool:
    """Whether `path`, a path, a format of printf(3) or a beginning, can be `folder` or below.

    A conversion other than of a string makes a number: of a process or a descriptor, which no part is about.
    """
    if path == folder or path.startswith(folder.rstrip("/") + "/"):
        return True
    names, wanted = path.split("/"), folder.split("/")
    begins = len(names) <= len(wanted) and names[-1] in ("", "%s")
    if not begins and len(names) < len(wanted):
        return False
    pairs = list(zip(names, wanted, strict=False))
    if begins:
        pairs.pop()
    return len(pairs) > 1 and all("%s" in name or name == other for name, other in pairs)


def _matching_values(
    wanted: Mapping[str, int], entries: Entries
) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """`wanted` is by name; the profile has numbers from code, and names from strace."""
    numbers = {number: name for name, number in wanted.items()}
    for value, why in entries.items():
        if value == _ANY or value in wanted:
            yield value, why
            continue
        try:
            name = numbers.get(int(value, 0))
        except ValueError:  # the name of another value
            continue
        if name is not None:
            yield name, why


def _shown(what: str, why: tuple[Evidence, ...]) -> str:
    first = min(why, default=None)
    if first is None:
        return what
    return f"{what}: {first.source}" + (f", {first.detail}" if first.detail else "")
