"""Several profiles of one program as one: what any of them knows is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from converter.errors import UsageError
from converter.profile.model import Entries, Evidence, Evidences, Profile, Subject

EVIDENCE_LIMIT = 8  # kept of one entry: enough to explain it, and a thousand runs do not grow the profile


def merge(profiles: Sequence[Profile]) -> Profile:
    """The union of at least one profile; subject and tool version are the first one's.

    Order decides nothing else. UsageError when two are of different programs or platforms; another image
    digest is fine: profiles outlive a rebuild.
    """
    first = profiles[0]
    for other in profiles[1:]:
        check_same_program(first.subject, other.subject)
    choices = sorted({choice for each in profiles for choice in each.arguments})
    return Profile(
        subject=first.subject,
        tool_version=first.tool_version,
        syscalls=union(each.syscalls for each in profiles),
        arguments={choice: union(each.arguments.get(choice, {}) for each in profiles) for choice in choices},
        libraries=union(each.libraries for each in profiles),
        files=union(each.files for each in profiles),
        sockets=union(each.sockets for each in profiles),
        open=tuple(sorted({reason for each in profiles for reason in each.open})),
        unresolved=tuple(sorted({place for each in profiles for place in each.unresolved})),
    )


def union(several: Iterable[Entries]) -> Entries:
    """All names of all, sorted, each with the evidence of all (`bounded`)."""
    found: dict[str, list[Evidence]] = {}
    for entries in several:
        for name, evidence in entries.items():
            found.setdefault(name, []).extend(evidence)
    return {name: bounded(found[name]) for name in sorted(found)}


def bounded(evidence: Iterable[Evidence]) -> Evidences:
    """Sorted, without doubles, at most EVIDENCE_LIMIT: one of each kind before a second of any."""
    ranks: Counter[str] = Counter()
    ranked = []
    for each in sorted(set(evidence)):
        ranked.append((ranks[each.kind], each))
        ranks[each.kind] += 1
    return tuple(sorted(each for _, each in sorted(ranked)[:EVIDENCE_LIMIT]))


def check_same_program(one: Subject, other: Subject, where: str | None = None) -> None:
    """UsageError unless both are of the same program file on the same platform. `where`: the other's file."""
    for what, mine, theirs in (
        ("programs", one.path, other.path),
        ("platforms", one.platform, other.platform),
    ):
        if mine != theirs:
            raise UsageError(
                f"profiles of different {what} cannot be merged: this is of {theirs}, not of {mine}",
                where=where or other.reference or None,
                hint="give profiles of the program that the image runs; u2k diff shows how two differ",
            )
