"""Why a name is in a profile: its evidence; or that it is not, and what is named nearly so."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from converter.profile.model import Evidences, Profile

# What can be asked for, and the section that answers.
SECTIONS = {"syscall": "syscalls", "lib": "libraries", "file": "files", "socket": "sockets"}
_NEAR = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's answer.

    names:     the entries that are meant: none, one, or several (`lib libc.so.6` in two folders), with why
    arguments: for a system call, the values known of its arguments: choice -> value -> why
    near:      where there is none, names of the section that look alike
    open:      where there is none, why the profile may not know it
    """

    kind: str
    asked: str
    names: Mapping[str, Evidences]
    arguments: Mapping[str, Mapping[str, Evidences]]
    near: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def explain(profile: Profile, kind: str, asked: str, known: Iterable[str] = ()) -> Answer:
    """Why `asked` is in. `kind` is a key of SECTIONS; `known` are more names that may have been meant.

    A library or file may be named by its last component, or by the beginning of that (`libc` is libc.so.6).
    """
    entries = getattr(profile, SECTIONS[kind])
    names = [asked] if asked in entries else _meant(kind, asked, entries)
    if names:
        arguments = {
            choice: values
            for choice, values in profile.arguments.items()
            if kind == "syscall" and choice.partition(".")[0] == asked
        }
        return Answer(kind, asked, {name: entries[name] for name in names}, arguments)
    doubt = profile.open
    if kind == "syscall" and "*" in entries:
        doubt = ("a system call whose number could not be told may be it", *doubt)
    meant = set(known)
    # A name that exists was not misspelt: what looks like it is of use only where it is in.
    names_there = set(entries) if asked in meant else meant | set(entries)
    return Answer(kind, asked, {}, {}, _near(kind, asked, names_there), doubt)


def _near(kind: str, asked: str, names: Iterable[str]) -> tuple[str, ...]:
    """What may have been meant. Paths are compared as a whole and by their last components."""
    whole = sorted(names)
    if kind == "syscall":
        return tuple(difflib.get_close_matches(asked, whole, _NEAR, 0.7))
    by_last = {posixpath.basename(name): name for name in whole}
    last = difflib.get_close_matches(posixpath.basename(asked), by_last, _NEAR, 0.8)
    near = [*difflib.get_close_matches(asked, whole, _NEAR, 0.8), *(by_last[name] for name in last)]
    return tuple(dict.fromkeys(near))[:_NEAR]


def _meant(kind: str, asked: str, entries: Iterable[str]) -> list[str]:
    if kind not in ("lib", "file") or "/" in asked or not asked:
        return []
    exact = [name for name in sorted(entries) if posixpath.basename(name) == asked]
    return exact or [
        name for name in sorted(entries) if kind == "lib" and posixpath.basename(name).startswith(asked + ".")
    ]
