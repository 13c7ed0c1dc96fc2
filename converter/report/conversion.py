"""Before and after: the document that ends a conversion, the same for people and machines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from converter.convert import Conversion
from converter.link.catalogue import syscall_numbers
from converter.link.choice import STRICT, Choice
from converter.profile.model import Entries
from converter.profiling import Profiled
from converter.report.comparison import Column, ConversionReport
from converter.report.container_calls import reachable_in_container
from converter.report.contents import contents
from converter.report.trace_text import watched_lines
from converter.rootfs.reason import Dropped, totals


def report(conversion: Conversion) -> ConversionReport:
    """Count and collect. Raises SourceError when the cached layers are gone."""
    profiled, manifest = conversion.profiled, conversion.unikernel.manifest
    reading, profile, choice = profiled.reading, profiled.profile, conversion.kernel.choice
    known = syscall_numbers(conversion.kernel.machine)
    container = Column(
        stored=sum(layer.size for layer in reading.image.layers),
        contents=contents(reading.image_tree, conversion.packages),
        syscalls=reachable_in_container(known),
        kernel=None,
    )
    unikernel = Column(
        stored=conversion.unikernel.size,
        contents=contents(conversion.slimmed.tree, conversion.packages),
        syscalls=len(manifest.syscalls),
        kernel=manifest.kernel_bytes,
    )
    return ConversionReport(
        reference=reading.image.reference,
        file=str(conversion.unikernel.path),
        container=container,
        unikernel=unikernel,
        subject=profile.subject,
        adapted="" if reading.adaptation is None else str(reading.adaptation),
        used=profile.syscalls,
        linked=choice.syscalls,
        absent=choice.absent,
        unlinked=choice.unlinked,
        not_linked=choice.dropped,
        parts={name: choice.why.get(name, ()) for name in choice.parts},
        implied={name: why for name, why in choice.why.items() if name not in choice.parts},
        dropped=totals(conversion.slimmed.dropped),
        dropped_paths=tuple(_topmost(conversion.slimmed.dropped)),
        open=profile.open,
        unresolved=profile.unresolved,
        unsupported=conversion.refusals,
        traced=tuple(_traced(profiled)),
        notes=tuple(_notes(conversion)),
    )


def _topmost(dropped: Iterable[Dropped]) -> Iterator[tuple[str, str, int]]:
    """Path, reason and bytes of what was left out; of a folder that went, once for all that was below."""
    top: dict[bytes, bytes] = {}
    sizes: dict[bytes, int] = {}
    reasons: dict[bytes, str] = {}
    for each in sorted(dropped, key=lambda one: one.path):
        under = top[each.path] = top.get(each.path.rpartition(b"/")[0], each.path)
        sizes[under] = sizes.get(under, 0) + each.size
        reasons.setdefault(under, each.reason)
    for path, size in sizes.items():
        yield os.fsdecode(path), str(reasons[path]), size


def _traced(profiled: Profiled) -> Iterator[str]:
    """What a trace said; what it showed that was not foretold is among the notes."""
    for line in watched_lines(replace(profiled, violations=())):
        if line:
            yield line.removeprefix("traced: ").strip()


def _notes(conversion: Conversion) -> Iterator[str]:
    """What the user should know, one sentence each."""
    profile, resolution = conversion.profiled.profile, conversion.profiled.reading.resolution
    if resolution.undecided is not None:
        yield f"the entrypoint could not be read to its end: {resolution.undecided}"
        yield "what the image names was taken as the program; --trace watches it, --program names another"
    yield from map(str, conversion.profiled.violations)
    yield from _wishes(conversion.kernel.choice, conversion.unikernel.manifest.options)
    if conversion.unikernel.manifest.options.get("files") == "strict" and not _seen(profile.files):
        yield "no run was seen: --files strict kept the program and its libraries, and nothing that it reads"
    for pattern in conversion.slimmed.unmatched:
        yield f"--keep {pattern} matches nothing in the image"
    yield from conversion.packages.unread


def _wishes(choice: Choice, options: Mapping[str, str]) -> Iterator[str]:
    """Wishes that changed nothing."""
    for name in options.get("add-syscall", "").split():
        if name in choice.absent:
            missing = "the library OS does not have it (docs/reference/syscalls.md)"
            yield f"--add-syscall {name} adds nothing: {missing}"
    for name in options.get("drop", "").split():
        if name not in choice.unlinked:
            yield f"--drop {name} leaves nothing out: it was not wanted"


def _seen(entries: Entries) -> bool:
    return any(each.kind in STRICT for why in entries.values() for each in why)
