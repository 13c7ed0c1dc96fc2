"""System call sites that a person has looked at (analyze/data/syscall_sites.toml says in what form)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CODE_BEFORE = 32  # bytes before the end of the instruction that rules can look at

_DATA = Path(__file__).resolve().parent.parent / "data" / "syscall_sites.toml"


@dataclass(frozen=True, slots=True)
class ReviewedSite:
    """One rule; `calls` are names of what the site can add."""

    library: re.Pattern[str]
    code: re.Pattern[str]
    calls: tuple[str, ...]
    reason: str


@cache
def reviewed_sites() -> tuple[ReviewedSite, ...]:
    with _DATA.open("rb") as file:
        rows = tomllib.load(file)["site"]
    return tuple(
        ReviewedSite(re.compile(row["library"]), re.compile(row["code"]), tuple(row["calls"]), row["reason"])
        for row in rows
    )


def reviewed(library: str, code: bytes) -> ReviewedSite | None:
    """The rule for the site that ends `code` in `library` (its soname), if there is one."""
    text = code.hex()
    for site in reviewed_sites():
        if site.library.fullmatch(library) and site.code.search(text):
            return site
    return None
