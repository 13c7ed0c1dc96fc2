"""The parts of the library OS, as their rule files (`part.toml`) describe them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from converter.errors import ToolchainError
from converter.link.source import libos_root, source_files

KINDS = ("core", "calls", "filesystem", "driver", "platform", "arch", "net")


@dataclass(frozen=True, slots=True)
class Part:
    """A folder of libos/ with a rule file.

    symbol:    the object that the generated table names (`filesystem_tmpfs`), or None
    platforms: where it can be linked, empty for everywhere
    hardened:  compiled with sanitizer traps
    needed_by: what in a program makes it needed: rule name -> values
    """

    name: str
    kind: str
    folder: Path
    symbol: str | None
    needs: tuple[str, ...]
    platforms: tuple[str, ...]
    hardened: bool
    needed_by: Mapping[str, tuple[str, ...]]


@cache
def all_parts() -> tuple[Part, ...]:
    """Every part, by name. ToolchainError for a rule file that does not fit this schema."""
    parts = [_read(relative) for relative in source_files() if relative.name == "part.toml"]
    return tuple(sorted(parts, key=lambda part: part.name))


def part_of(relative: Path) -> Part | None:
    """The part that a source file belongs to: the one with the deepest folder around it."""
    around = [part for part in all_parts() if part.folder in relative.parents]
    return max(around, key=lambda part: len(part.folder.parts), default=None)


def _read(relative: Path) -> Part:
    where = str(libos_root() / relative)
    try:
        rules = tomllib.loads((libos_root() / relative).read_text())
        needed_by = {rule: tuple(map(str, values)) for rule, values in rules.get("needed_by", {}).items()}
        part = Part(
            name=str(rules["name"]),
            kind=str(rules["kind"]),
            folder=relative.parent,
            symbol=rules.get("symbol"),
            needs=tuple(rules.get("needs", ())),
            platforms=tuple(rules.get("platforms", ())),
            hardened=bool(rules.get("hardened", False)),
            needed_by=needed_by,
        )
    except (KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError) as error:
        raise ToolchainError(f"the rule file is malformed: {error}", where=where) from error
    if part.kind not in KINDS:
        raise ToolchainError(f"unknown kind {part.kind!r}", where=where, hint=f"one of {', '.join(KINDS)}")
    return part
