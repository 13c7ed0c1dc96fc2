"""What two profiles do not share: names that only one of them has, section by section."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from converter.profile.model import Entries, Profile, Subject


@dataclass(frozen=True, slots=True)
class Change:
    """The sorted names of one section that only the second profile has, and those that only the first has."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Sections without a change are absent. `program` says what of the subject changed: field -> (old, new).

    Evidence, image digest and tool version are not compared: they change with every build.
    """

    sections: Mapping[str, Change]
    program: Mapping[str, tuple[str, str]]

    def __bool__(self) -> bool:
        return bool(self.sections or self.program)


def difference(old: Profile, new: Profile) -> Difference:
    """How `new` differs from `old`. Arguments are sections of their own, named by their choice."""
    sections = {
        name: change
        for name, before, after in _sections(old, new)
        if (change := _change(before, after)) is not None
    }
    return Difference(sections, _program(old.subject, new.subject))


def _sections(old: Profile, new: Profile) -> Iterator[tuple[str, set[str], set[str]]]:
    yield "env", set(old.subject.env), set(new.subject.env)
    yield "syscalls", set(old.syscalls), set(new.syscalls)
    nothing: Entries = {}
    for choice in sorted({*old.arguments, *new.arguments}):
        yield choice, set(old.arguments.get(choice, nothing)), set(new.arguments.get(choice, nothing))
    yield "libraries", set(old.libraries), set(new.libraries)
    yield "files", set(old.files), set(new.files)
    yield "sockets", set(old.sockets), set(new.sockets)
    yield "open", set(old.open), set(new.open)
    # Addresses move with every build; what is unresolved where does not.
    yield "unresolved", _places(old), _places(new)


def _places(profile: Profile) -> set[str]:
    return {f"{each.binary} {each.function}: {each.what}" for each in profile.unresolved}


def _change(before: set[str], after: set[str]) -> Change | None:
    if before == after:
        return None
    return Change(tuple(sorted(after - before)), tuple(sorted(before - after)))


def _program(old: Subject, new: Subject) -> dict[str, tuple[str, str]]:
    pairs = {
        name: (_shown(getattr(old, name)), _shown(getattr(new, name)))
        for name in ("platform", "path", "argv", "cwd", "user")
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _shown(value: object) -> str:
    return shlex.join(map(str, value)) if isinstance(value, tuple) else str(value)
