"""What was seen must have been foretold: what static analysis lacks is a bug in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from converter.profile.model import ELSEWHERE, Entries, Evidences, Profile

_ANY = "*"  # the call, or the value of an argument, that static analysis could not tell
_PATHS = ("open.path", "execve.path")
_VIRTUAL = re.compile(r"/(?:proc|sys|dev)(?:/|$)")
_CONVERSION = re.compile(r"%[-+ #0-9.]*(?:hh|h|ll|l|z)?([diuxXsc])")  # printf(3)


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """Something that a run used and that static analysis said is never used.

    kind: `system call`, `library`, or the name of a choice (`socket.domain`)
    open: why what static analysis says is not all there is; None if it says that it is
    """

    kind: str
    name: str
    evidence: Evidences
    open: str | None = None

    def __str__(self) -> str:
        seen = "; ".join(each.detail for each in self.evidence) or "no detail"
        why = f"reading cannot tell all: {self.open}" if self.open else "a bug in u2k, please report it"
        return f"{self.kind} {self.name} was used but not foretold ({seen}): {why}"


# Calls that the kernel makes itself in a program's name, when a signal has interrupted a wait (signal(7)).
KERNELS_OWN = frozenset({"restart_syscall"})


def violations(static: Profile, dynamic: Profile) -> tuple[Violation, ...]:
    """Sorted."""
    why = static.open[0] if static.open else None
    found = []
    if _ANY not in static.syscalls:
        found += _missing("system call", {*static.syscalls, *KERNELS_OWN}, dynamic.syscalls, why)
    found += _missing("library", static.libraries, dynamic.libraries, why)
    for choice, values in dynamic.arguments.items():
        known = static.arguments.get(choice)
        # A choice that static analysis does not make at all is not foretold either way.
        if known is not None and _ANY not in known:
            if choice in _PATHS:
                comparable = _unknown_paths(known, values)
            else:
                # A name is of a constant that has no number here, so it cannot be looked up.
                comparable = {value: seen for value, seen in values.items() if not value[:1].isalpha()}
            found += _missing(choice, known, comparable, why)
    return tuple(sorted(found, key=lambda each: (each.kind, each.name)))


def _missing(kind: str, static: Iterable[str], dynamic: Entries, why: str | None) -> list[Violation]:
    known = frozenset(static)
    return [Violation(kind, name, seen, why) for name, seen in dynamic.items() if name not in known]


def _unknown_paths(static: Mapping[str, Evidences], dynamic: Entries) -> Entries:
    """The paths that no text of `static` leads to.

    A text may have printf conversions in it, end later than the path (texts of Go have no end), or name a
    folder that relative paths start from.
    """
    texts = [text for text in static if text.startswith("/")]
    made = [re.compile(_expression(text)) for text in texts if "%" in text]
    anywhere = ELSEWHERE in static
    found = {}
    for path, seen in dynamic.items():
        if anywhere and (not _VIRTUAL.match(path) or any(path.startswith(text + "/") for text in texts)):
            continue
        if any(text.startswith(path) for text in texts) or any(each.fullmatch(path) for each in made):
            continue
        found[path] = seen
    return found


def _expression(text: str) -> str:
    """What a text with conversions can become. A process's own number is recorded as `self`."""
    out, at = "", 0
    for match in _CONVERSION.finditer(text):
        out += re.escape(text[at : match.start()])
        out += "[^/]+" if match[1] in "sc" else r"(?:self|[0-9a-fA-F]+|%u)"
        at = match.end()
    return out + re.escape(text[at:])
