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
    code: re.Pattern[str] | None
    function: re.Pattern[str] | None
    calls: tuple[str, ...]
    reason: str


@cache
def reviewed_sites() -> tuple[ReviewedSite, ...]:
    with _DATA.open("rb") as file:
        rows = tomllib.load(file)["site"]
    return tuple(
        ReviewedSite(
            re.compile(row["library"]),
            re.compile(row["code"]) if "code" in row else None,
            re.compile(row["function"]) if "function" in row else None,
            tuple(row["calls"]),
            row["reason"],
        )
        for row in rows
    )


def reviewed(library: str, code: bytes, function: str) -> ReviewedSite | None:
    """The rule for the site that ends `code` in `library` (its soname), whose number comes from
    `function`.
    """
    text = code.hex()
    for site in reviewed_sites():
        if not site.library.fullmatch(library):
            continue
        if site.code is not None and site.code.search(text):
            return site
        if site.function is not None and site.function.fullmatch(function):
            return site
    return None
