"""Before and after as values: what a conversion's report says, and its JSON, which can be read back.

What reads one back loads nothing that converts: that is how a conversion that is kept is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from converter.profile.model import Evidence, Evidences, Subject, Unresolved
from converter.report.contents import Contents
from converter.rootfs.reason import Reason, ReasonTotal

if TYPE_CHECKING:
    from converter.analyze.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Column:
    """One side of the comparison.

    stored:   bytes of what is shipped: the compressed layers, or the one bootable file
    contents: what is in the root
    syscalls: how many system calls the program can reach
    kernel:   bytes of kernel that are linked in; None: the host's kernel serves it
    """

    stored: int
    contents: Contents
    syscalls: int
    kernel: int | None


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What came out, from what, and why.

    adapted:       what was done to the command line, so that it is one process; empty: nothing
    used:          system calls that the program may make, with why
    linked:        those that the unikernel has, and what they rely on
    absent:        those of `used` that the library OS has not
    unlinked:      those of `used`, and parts for them, that an option leaves out: name -> the option
    not_linked:    those that it has and that nothing needs
    parts:         parts of the library OS that are in, with why
    implied:       those of `linked` that are not of `used`, with why
    dropped:       what of the image is not in the root, by reason
    dropped_paths: the same as (path, reason, bytes), a folder standing for all that was below
    open:          why `used` may not be all
    unsupported:   what the program needs and is not there, which --allow-unsupported let pass
    traced:        how the run that was asked for went, line by line; empty without one
    notes:         sentences for the user
    """

    reference: str
    file: str
    container: Column
    unikernel: Column
    subject: Subject
    adapted: str
    used: Mapping[str, Evidences]
    linked: tuple[str, ...]
    absent: Mapping[str, Evidences]
    unlinked: Mapping[str, str]
    not_linked: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]
    implied: Mapping[str, tuple[str, ...]]
    dropped: tuple[ReasonTotal, ...]
    dropped_paths: tuple[tuple[str, str, int], ...]
    open: tuple[str, ...]
    unresolved: tuple[Unresolved, ...]
    unsupported: tuple[Refusal, ...]
    traced: tuple[str, ...]
    notes: tuple[str, ...]


def document(report: ConversionReport) -> dict[str, Any]:
    """The JSON object of a report, as `u2k convert --json` prints it (without the manifest)."""
    return asdict(report)


def of_document(told: Mapping[str, Any]) -> ConversionReport:
    """The report that `document` was made of. Raises LookupError, TypeError, ValueError for anything else."""
    subject = dict(told["subject"])
    for name in ("argv", "env", "user", "reasons"):
        subject[name] = tuple(subject[name])
    return ConversionReport(
        reference=told["reference"],
        file=told["file"],
        container=_column(told["container"]),
        unikernel=_column(told["unikernel"]),
        subject=Subject(**subject),
        adapted=told["adapted"],
        used=_entries(told["used"]),
        linked=tuple(told["linked"]),
        absent=_entries(told["absent"]),
        unlinked=dict(told["unlinked"]),
        not_linked=tuple(told["not_linked"]),
        parts={name: tuple(why) for name, why in told["parts"].items()},
        implied={name: tuple(why) for name, why in told["implied"].items()},
        dropped=tuple(
            ReasonTotal(Reason(each["reason"]), each["paths"], each["size"]) for each in told["dropped"]
        ),
        dropped_paths=tuple((path, reason, size) for path, reason, size in told["dropped_paths"]),
        open=tuple(told["open"]),
        unresolved=tuple(Unresolved(**each) for each in told["unresolved"]),
        unsupported=tuple(map(_refusal, told["unsupported"])),
        traced=tuple(told["traced"]),
        notes=tuple(told["notes"]),
    )


def _column(told: Mapping[str, Any]) -> Column:
    return Column(**{**told, "contents": Contents(**told["contents"])})


def _evidences(told: list[Mapping[str, str]]) -> Evidences:
    return tuple(Evidence(**each) for each in told)


def _entries(told: Mapping[str, list[Mapping[str, str]]]) -> dict[str, Evidences]:
    return {name: _evidences(why) for name, why in told.items()}


def _refusal(told: Mapping[str, Any]) -> Refusal:
    from converter.analyze.refusal import Refusal

    return Refusal(**{**told, "evidence": _evidences(told["evidence"])})
