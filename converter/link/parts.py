"""The parts of the library OS, as their rule files (`part.toml`) describe them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from converter.errors import ToolchainError
from converter.link.source import libos_root, source_files

KINDS = ("core", "calls", "filesystem", "driver", "platform", "arch", "net")


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a part needed; one that holds is enough.

    platforms: on these (`*`: everywhere) always
    syscalls:  the program makes one of these calls
    files:     it opens, or is given, a path at or below one of these
    without:   globs of paths below these that the part does not have: they are as missing with it as without
    untold:    choice of the profile -> calls: it makes one of them, and the profile has nothing of the choice
    start:     how the program starts: `script`, `interpreter` (it is not static), `left_out` (files are),
               `disk` (a machine reads the root from one)
    arguments: choice of the profile (`socket.domain`, `ioctl` ...) -> name of a value -> its number
    named:     the same, but a value that could not be told (`*`) is no reason: of what nobody gets by chance,
               such as a family of sockets that getaddrinfo(3) does not give
    """

    platforms: tuple[str, ...] = ()
    syscalls: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    untold: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arguments: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    named: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A folder of libos/ with a rule file.

    symbol:    the object that the generated table names (`filesystem_tmpfs`), or None
    interposer: function that every system call goes through first; only where the part was asked for
    header:    what declares the interposer
    platforms: where it can be linked, empty for everywhere
    hardened:  compiled with sanitizer traps
    implied:   system call -> the calls whose handlers rely on it
    """

    name: str
    kind: str
    folder: Path
    symbol: str | None
    header: str | None
    interposer: str | None
    needs: tuple[str, ...]
    platforms: tuple[str, ...]
    hardened: bool
    needed_by: Rules
    implied: Mapping[str, tuple[str, ...]]

    @property
    def optional(self) -> bool:
        """Whether it is in or out by choice; the linker finds the others by what refers to them."""
        return bool(self.symbol or self.interposer) or self.needed_by != Rules()

    def runs_on(self, platform: str) -> bool:
        """Whether it can be linked for `platform`."""
        return not self.platforms or platform in self.platforms


@cache
def all_parts() -> tuple[Part, ...]:
    """Every part, by name. ToolchainError for a rule file that does not fit this schema."""
    parts = [_read(relative) for relative in source_files() if relative.name == "part.toml"]
    return tuple(sorted(parts, key=lambda part: part.name))


def part_of(relative: Path) -> Part | None:
    """The part that a source file belongs to: the one with the deepest folder around it."""
    around = [part for part in all_parts() if part.folder in relative.parents]
    return max(around, key=lambda part: len(part.folder.parts), default=None)


@cache
def implied_calls() -> Mapping[str, tuple[str, ...]]:
    """System call -> the calls whose handlers rely on it, of all parts."""
    return {name: users for part in all_parts() for name, users in part.implied.items()}


def _read(relative: Path) -> Part:
    where = str(libos_root() / relative)
    try:
        rules = tomllib.loads((libos_root() / relative).read_text())
        part = Part(
            name=str(rules["name"]),
            kind=str(rules["kind"]),
            folder=relative.parent,
            symbol=rules.get("symbol"),
            header=rules.get("header"),
            interposer=rules.get("interposer"),
            needs=tuple(rules.get("needs", ())),
            platforms=tuple(rules.get("platforms", ())),
            hardened=bool(rules.get("hardened", False)),
            needed_by=_rules(rules.get("needed_by", {})),
            implied={name: tuple(users) for name, users in rules.get("implied", {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ToolchainError(f"the rule file is malformed: {error}", where=where) from error
    if part.kind not in KINDS:
        raise ToolchainError(f"unknown kind {part.kind!r}", where=where, hint=f"one of {', '.join(KINDS)}")
    if part.interposer and not part.header:
        raise ToolchainError("an interposer without a header that declares it", where=where)
    return part


def _rules(given: Mapping[str, Any]) -> Rules:
    tables = ("arguments", "named", "untold")
    lists = {name: tuple(map(str, values)) for name, values in given.items() if name not in tables}
    untold = {choice: tuple(map(str, calls)) for choice, calls in given.get("untold", {}).items()}
    arguments, named = (
        {
            choice: {str(name): int(number) for name, number in values.items()}
            for choice, values in given.get(table, {}).items()
        }
        for table in ("arguments", "named")
    )
    return Rules(**lists, untold=untold, arguments=arguments, named=named)  # TypeError: no such rule
