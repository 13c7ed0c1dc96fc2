"""Files that the C library only tries (analyze/data/probed_files.toml says which, and in what form)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from converter.profile.model import Evidence, Profile

_DATA = Path(__file__).resolve().parent / "data" / "probed_files.toml"
# malloc of a static program with glibc inside (malloc-sysdep.h) names this file; musl and Go do not.
_MUSL = "libc.musl-x86_64.so.1"
_STATIC_GLIBC = "/proc/sys/vm/overcommit_memory"


@dataclass(frozen=True, slots=True)
class ProbedFile:
    """One rule; `reason` says why the library does without."""

    library: re.Pattern[str]
    unless: frozenset[str]
    not_by: re.Pattern[str] | None
    reason: str


@cache
def probed_files() -> Mapping[str, tuple[ProbedFile, ...]]:
    """Path -> the rules for it."""
    found: dict[str, list[ProbedFile]] = {}
    with _DATA.open("rb") as file:
        rows = tomllib.load(file)["probe"]
    for row in rows:
        not_by = re.compile(row["not_by"]) if "not_by" in row else None
        rule = ProbedFile(re.compile(row["library"]), frozenset(row.get("unless", ())), not_by, row["reason"])
        for path in row["paths"]:
            found.setdefault(path, []).append(rule)
    return {path: tuple(rules) for path, rules in found.items()}


def only_tried(path: str, why: Evidence, profile: Profile) -> bool:
    """Whether `why` is no more than the C library's look at a file that it does without."""
    if why.kind != "static":
        return False
    name = why.source.rpartition("/")[2]
    static = why.source == profile.subject.path and _is_the_library_alone(path, profile)
    for rule in probed_files().get(path, ()):
        if rule.not_by is not None and rule.not_by.search(why.detail):
            continue
        if rule.library.fullmatch(name) or (static and not rule.unless & profile.syscalls.keys()):
            return True
        if rule.library.fullmatch(_MUSL) and why.source == profile.subject.path:
            return _is_start_of_musl(path, profile)
    return False


def _is_start_of_musl(path: str, profile: Profile) -> bool:
    """Whether one function alone of a static program names the file, and is musl's __init_libc.

    That one looks at the standard streams by poll(2) itself, and sets up the thread (set_tid_address(2)).
    """
    main = profile.subject.path
    opened = [each.detail for each in profile.arguments["open.path"][path] if each.source == main]
    function = opened[0].partition(" ")[0]
    if any(each.partition(" ")[0] != function or " to " in each.partition(" <- ")[0] for each in opened):
        return False
    polls = [each.detail for each in profile.syscalls.get("poll", ()) if each.source == main]
    threads = [each.detail for each in profile.syscalls.get("set_tid_address", ()) if each.source == main]
    return any(each.startswith(f"{function}+") for each in polls) and any(
        f" <- {function} <- " in each for each in threads
    )


def _is_the_library_alone(path: str, profile: Profile) -> bool:
    """Whether a static program has glibc inside, and no more than one of its functions names the file.

    The library has one for each of these files, so a second one is the program's own; and so is its main
    function, where the library's cannot run.
    """
    opened, main = profile.arguments.get("open.path", {}), profile.subject.path
    functions = {
        each.detail.partition(" ")[0].partition("+")[0]
        for each in opened.get(path, ())
        if each.source == main
    }
    of_glibc = any(each.source == main for each in opened.get(_STATIC_GLIBC, ()))
    return of_glibc and len(functions) == 1 and functions != {"main"}
