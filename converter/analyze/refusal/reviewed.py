"""Programs that a person has looked at (analyze/data/refusals/programs.toml says in what form)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from converter.analyze.refusal.model import Facts
from converter.image.tree import FileKind
from converter.profile.model import Evidence

DATA = Path(__file__).resolve().parent.parent / "data" / "refusals"
_CONFIGURATION_MAX = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One entry; `when` and `unless` are looked for in the command line, `configured` in a file."""

    role: str
    names: re.Pattern[str]
    when: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    file: str
    configured: re.Pattern[str] | None
    reason: str
    hint: str
    evidence: Evidence


@cache
def _entries() -> tuple[Reviewed, ...]:
    with (DATA / "programs.toml").open("rb") as file:
        rows = tomllib.load(file)["program"]
    return tuple(
        Reviewed(
            row["role"],
            re.compile("|".join(row["names"])),
            _pattern(row.get("when")),
            _pattern(row.get("unless")),
            row.get("file", ""),
            _pattern(row.get("configured")),
            row["reason"],
            row.get("hint", ""),
            Evidence(
                "rule", "analyze/data/refusals/programs.toml", f"{' '.join(row['names'])}: {row['source']}"
            ),
        )
        for row in rows
    )


def _pattern(text: str | None) -> re.Pattern[str] | None:
    return None if text is None else re.compile(text)


def reviewed_programs(role: str, facts: Facts) -> Iterator[Reviewed]:
    """The entries that hold for the program and its command line."""
    line = f" {facts.command_line} "
    for entry in _entries():
        if (
            entry.role == role
            and any(entry.names.fullmatch(name) for name in facts.names)
            and (entry.when is None or entry.when.search(line))
            and (entry.unless is None or not entry.unless.search(line))
            and not _configured(entry, facts)
        ):
            yield entry


def is_reviewed(role: str, path: str) -> bool:
    """Whether a program of this name has that role."""
    name = path.rpartition("/")[2]
    return any(entry.role == role and entry.names.fullmatch(name) for entry in _entries())


def _configured(entry: Reviewed, facts: Facts) -> bool:
    """Whether the program's file of configuration says that the entry does not hold."""
    if entry.configured is None:
        return False
    tree = facts.resolution.tree
    found = tree.resolve(entry.file.encode())
    if found is None or found[1].kind is not FileKind.REGULAR or found[1].size > _CONFIGURATION_MAX:
        return False
    return entry.configured.search(tree.read(found[1]).decode("utf-8", "replace")) is not None
