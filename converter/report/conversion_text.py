"""The report of a conversion as lines for people: a screen of them, or all with `everything`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from converter.report.comparison import Column, ConversionReport
from converter.report.container_calls import DESCRIPTION
from converter.report.profile_text import DECIDED, places
from converter.report.text import WIDTH, binary, printable, wrapped

_MARGIN = 12  # where the text of a field begins
_SHOWN = 5  # rows of what can be long


def lines(
    report: ConversionReport, next_step: str, *, everything: bool = False, width: int = WIDTH
) -> Iterator[str]:
    """Table, program, choice, what was left out, what is not known. Lists are as wide as `width`."""
    yield printable(f"{report.reference} -> {report.file}")
    yield ""
    rows = [("", "container", "unikernel"), *table(report.container, report.unikernel)]
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    for name, before, after in rows:
        yield f"  {name:<{widths[0]}}  {before:>{widths[1]}}  {after:>{widths[2]}}".rstrip()
    yield f"  (system calls reachable in the container: {DESCRIPTION})"
    yield ""
    yield from _fields(report, everything, width - _MARGIN)
    for note in report.notes:
        yield printable(f"note: {note}")
    yield ""
    if next_step:
        yield printable(f"next: {next_step}")


def table(before: Column, after: Column) -> list[tuple[str, ...]]:
    """The comparison: (what, in the container, in the unikernel)."""
    had, has = before.contents, after.contents
    counts = [
        ("files", had.files, has.files),
        ("ELF binaries", had.binaries, has.binaries),
        ("packages", had.packages, has.packages),
        ("libraries", had.libraries, has.libraries),
        ("shells", had.shells, has.shells),
        ("setuid programs", had.setuid, has.setuid),
        ("system calls reachable", before.syscalls, after.syscalls),
    ]
    kernels = ("the host's" if each.kernel is None else binary(each.kernel) for each in (before, after))
    return [
        ("stored: layers, file", binary(before.stored), binary(after.stored)),
        ("contents of files", binary(had.bytes), binary(has.bytes)),
        *((name, str(one), str(other)) for name, one, other in counts),
        ("kernel code", *kernels),
    ]


def _fields(report: ConversionReport, everything: bool, width: int) -> Iterator[str]:
    subject = report.subject
    user = ":".join(map(str, subject.user[:2]))
    how = f"as {user} in {subject.cwd}; {DECIDED[subject.decided_by]}"
    yield from _field(
        "program", [f"{shlex.join(subject.argv)} {how}", *(subject.reasons if everything else ())]
    )
    yield from _field("adapted", [report.adapted] if report.adapted else [])
    yield from _field("traced", _cut(report.traced, everything))
    yield from _field("parts", _parts(report, everything, width))
    yield from _field("unsupported", _unsupported(report, everything))
    if report.absent:
        missing = f"the library OS does not have {len(report.absent)} of the calls that it may make (ENOSYS):"
        yield from _field("absent", [missing, *wrapped(report.absent, "", width)])
    for option in sorted(set(report.unlinked.values())):
        names = [name for name, why in report.unlinked.items() if why == option]
        yield from _field(
            "unlinked", [f"{option} leaves out, of what it may use:", *wrapped(names, "", width)]
        )
    if report.dropped:
        yield from _field("left out", _dropped(report, everything))
    yield from _field("not closed", _cut(report.open, everything))
    if report.unresolved:
        yield from _field("unresolved", _cut(tuple(places(report.unresolved)), everything))
    if everything:
        yield from _field("linked", [f"{len(report.linked)} calls:", *wrapped(report.linked, "", width)])
        yield from _field("implied", [f"{name}: {'; '.join(why)}" for name, why in report.implied.items()])
        yield from _field(
            "not linked", [f"{len(report.not_linked)} calls:", *wrapped(report.not_linked, "", width)]
        )


def _unsupported(report: ConversionReport, everything: bool) -> Iterator[str]:
    if not report.unsupported:
        return
    from converter.analyze.refusal import evidence_lines  # with all that finds refusals

    for refusal in report.unsupported:
        yield f"needs {refusal.need}, which is missing: it {refusal.what}"
        yield from evidence_lines(refusal) if everything else ()


def _parts(report: ConversionReport, everything: bool, width: int) -> Iterator[str]:
    if everything:
        yield from (f"{name}: {'; '.join(why)}" for name, why in report.parts.items())
    else:
        yield from wrapped(report.parts, "", width)


def _dropped(report: ConversionReport, everything: bool) -> Iterator[str]:
    paths, size = (sum(getattr(each, name) for each in report.dropped) for name in ("paths", "size"))
    yield f"{paths} paths, {binary(size)}:"
    rows = [f"{binary(each.size):>10}  {each.paths:>6}  {each.reason}" for each in report.dropped]
    yield from _cut(rows, everything)
    if everything:
        yield from (f"{binary(size):>10}  {path}: {reason}" for path, reason, size in report.dropped_paths)


def _cut(rows: Sequence[str], everything: bool) -> Iterator[str]:
    shown = rows if everything else rows[:_SHOWN]
    yield from shown
    if len(shown) < len(rows):
        yield f"... and {len(rows) - len(shown)} more; -v shows them"


def _field(name: str, rows: Iterable[str]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield printable(f"{'' if number else name:<{_MARGIN}}{row}")
