"""Profiles, their differences and explanations as lines for people.

Everything that an image says of itself is passed through `printable`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from converter.profile.model import Entries, Evidences, Profile, Unresolved
from converter.report.text import WIDTH, printable, wrapped

if TYPE_CHECKING:
    from converter.profile.difference import Difference
    from converter.profile.explanation import Answer

_SHOWN = 12  # names of a long list, unless all are asked for
DECIDED = {
    "image": "as the image says",
    "script": "found by reading the entrypoint script",
    "trace": "found by watching a run",
    "user": "as the command line says",
}
_KINDS = {"syscall": "system call", "lib": "library", "file": "file", "socket": "socket"}


def lines(profile: Profile, *, everything: bool = False, width: int = WIDTH) -> Iterator[str]:
    """What the program is and uses; without `everything` long lists are cut, and say so."""
    subject = profile.subject
    yield printable(f"{subject.reference or subject.digest} ({subject.platform})")
    yield ""
    rows = [
        ("program", subject.path),
        ("argv", shlex.join(subject.argv)),
        ("cwd", subject.cwd),
        ("user", ":".join(map(str, subject.user[:2]))),
        ("decided", DECIDED[subject.decided_by]),
    ]
    for name, value in rows:
        yield f"  {name:<8}  {printable(value)}"
    for reason in subject.reasons if everything else subject.reasons[-_SHOWN:]:
        yield f"  {'':<8}  {printable(reason)}"
    for title, entries in (
        ("system calls", profile.syscalls),
        ("libraries", profile.libraries),
        ("files", profile.files),
        ("sockets", profile.sockets),
    ):
        yield from _section(title, entries, everything, width)
    for choice, values in profile.arguments.items() if everything else ():
        yield from _section(choice, values, everything, width)
    yield from closing(profile, everything=everything)


def closing(profile: Profile, *, everything: bool = False) -> Iterator[str]:
    """Why the profile may not be all there is; nothing for one that is closed."""
    if profile.open:
        yield ""
        yield "not closed: what follows may use more than reading can tell"
        yield from (f"  {printable(reason)}" for reason in _cut(profile.open, everything))
    if profile.unresolved:
        yield ""
        yield f"unresolved: {len(profile.unresolved)}"
        yield from (f"  {place}" for place in _cut(tuple(places(profile.unresolved)), everything))


def places(unresolved: Iterable[Unresolved]) -> Iterator[str]:
    """One line each: where, what, and why it could not be told."""
    for place in unresolved:
        yield printable(f"{place.binary} {place.address:#x} {place.function}: {place.what}; {place.reason}")


def _section(title: str, entries: Entries, everything: bool, width: int) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield printable(f"{title}: {len(entries)}{_by_kind(entries)}")
    if title == "system calls":
        yield from wrapped(entries, "  ", width)
        return
    yield from (f"  {printable(name)}" for name in _cut(tuple(entries), everything))


def _by_kind(entries: Entries) -> str:
    """How many are known only by having been seen, which reading should have found."""
    kinds = [{each.kind for each in evidence} for evidence in entries.values()]
    seen = sum("dynamic" in each for each in kinds)
    return f", {seen} of them seen in a run" if seen else ""


def _cut(names: Sequence[str], everything: bool) -> Iterator[str]:
    shown = names if everything else names[:_SHOWN]
    yield from shown
    if len(shown) < len(names):
        yield f"... and {len(names) - len(shown)} more; -v shows them"


def difference_lines(found: Difference) -> Iterator[str]:
    """`+` what only the second has, `-` what only the first has, under a heading for each section."""
    for name, (old, new) in found.program.items():
        yield name
        yield printable(f"  - {old}")
        yield printable(f"  + {new}")
    for name, change in found.sections.items():
        yield printable(name) + f": {len(change.added)} added, {len(change.removed)} removed"
        yield from (printable(f"  - {each}") for each in change.removed)
        yield from (printable(f"  + {each}") for each in change.added)


def answer_lines(answer: Answer, *, linked: str = "", root: str = "", exists: bool = True) -> Iterator[str]:
    """Why something is in, or that it is not.

    linked: whether a unikernel has the handler of the call that was asked for, and why; empty: not known
    root:   whether the root of a unikernel has the file that was asked for, and why; empty: not known
    exists: whether there is a system call of that name at all
    """
    from converter.report.constants import with_name  # its table takes a moment to read

    kind = _KINDS[answer.kind]
    if not answer.names:
        yield from _not_in(answer, kind, exists)
    for name, evidence in answer.names.items():
        yield printable(f"{kind} {name}:")
        yield from _evidence(evidence, "  ")
    for choice, values in answer.arguments.items():
        yield printable(f"{choice}:")
        for value, evidence in values.items():
            yield printable(f"  {'* (could not be told)' if value == '*' else with_name(choice, value)}")
            yield from _evidence(evidence, "    ")
    yield from (printable(line) for line in (linked, root) if line)


def _not_in(answer: Answer, kind: str, exists: bool) -> Iterator[str]:
    if answer.kind == "syscall" and not exists:
        yield printable(f"there is no system call {answer.asked}")
    else:
        yield printable(f"{kind} {answer.asked}: not in; nothing that is known uses it")
    if answer.near:
        yield printable("  perhaps you mean: " + ", ".join(answer.near))
    for reason in answer.open:
        yield printable(f"  but the profile is not closed: {reason}")


def _evidence(evidence: Evidences, indent: str) -> Iterator[str]:
    for each in evidence:
        yield printable(f"{indent}{each.kind:<8}{each.source}{': ' if each.detail else ''}{each.detail}")
