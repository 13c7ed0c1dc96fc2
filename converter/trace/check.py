"""What was seen must have been foretold: what static analysis lacks is a bug in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converter.profile.model import Entries, Evidences, Profile

_ANY = "*"  # the value of an argument that static analysis could not tell


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """Something that a run used and that static analysis said is never used.

    kind: `system call`, `library`, or the name of a choice (`socket.domain`)
    """

    kind: str
    name: str
    evidence: Evidences

    def __str__(self) -> str:
        seen = "; ".join(each.detail for each in self.evidence) or "no detail"
        return f"{self.kind} {self.name} was used but not foretold ({seen}): a bug in u2k, please report it"


# Calls that the kernel makes itself in a program's name, when a signal has interrupted a wait (signal(7)).
KERNELS_OWN = frozenset({"restart_syscall"})


def violations(static: Profile, dynamic: Profile) -> tuple[Violation, ...]:
    """Sorted. Where the static set is open (an interpreter, plug-ins), that may be why."""
    found = _missing("system call", static.syscalls, dynamic.syscalls, KERNELS_OWN)
    found += _missing("library", static.libraries, dynamic.libraries)
    for choice, values in dynamic.arguments.items():
        known = static.arguments.get(choice)
        # A choice that static analysis does not make at all is not foretold either way.
        if known is not None and _ANY not in known:
            # A name is of a constant that has no number here, so it cannot be looked up.
            comparable = {value: why for value, why in values.items() if not value[:1].isalpha()}
            found += _missing(choice, known, comparable)
    return tuple(sorted(found))


def _missing(
    kind: str, static: Mapping[str, Evidences], dynamic: Entries, exempt: frozenset[str] = frozenset()
) -> list[Violation]:
    return [
        Violation(kind, name, evidence)
        for name, evidence in dynamic.items()
        if name not in static and name not in exempt
    ]
