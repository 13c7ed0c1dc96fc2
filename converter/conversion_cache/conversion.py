"""Converting an image, or copying what was made of the same before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from converter.cache.pruning import keep_within_limit
from converter.conversion_cache.copying import copy_file
from converter.conversion_cache.documents import Documents, bill_name, write_kept, write_new
from converter.conversion_cache.entry import Entry, add, alone, find, making, unikernel_in
from converter.conversion_cache.key import conversion_key
from converter.errors import OutputError
from converter.image.model import Image
from converter.image.open import open_image
from converter.image.progress import Progress, Silent
from converter.link.manifest import Manifest
from converter.link.wishes import check_options
from converter.options import Options
from converter.output import check_distinct, check_target, default_name
from converter.profile.model import Profile
from converter.report.comparison import ConversionReport

if TYPE_CHECKING:
    from converter.trace.request import TraceRequest

_LOG = logging.getLogger("u2k")


@dataclass(frozen=True, slots=True)
class Converted:
    """A unikernel file that was written. reused: nothing had to be converted for it."""

    file: Path
    manifest: Manifest
    report: ConversionReport
    reused: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    image: Image
    file: Path
    options: Options
    profiles: Sequence[Profile]
    documents: Documents
    force: bool
    progress: Progress


def converted(
    ref: str,
    output: Path | None = None,
    options: Options | None = None,
    *,
    profiles: Sequence[Profile] = (),
    trace: TraceRequest | None = None,
    documents: Documents | None = None,
    force: bool = False,
    reuse: bool = True,
    progress: Progress | None = None,
) -> Converted:
    """As `convert`, with its `documents`; what was made of the same before is copied.

    What a trace shows is another thing each time, so its result is not kept. `reuse=False` converts anew,
    and keeps that. Errors: as `convert`, `Documents.check` and `check_distinct`.
    """
    chosen, shown = options or Options(), progress or Silent()
    file = output if output is not None else Path(default_name(ref))
    beside = documents or Documents()
    check_target(file, force=force)
    beside.check(force=force)
    check_options(chosen)
    check_distinct([file, *beside.targets().values()], [Path(ref)])
    image = open_image(ref, platform=chosen.platform, source=chosen.source, progress=shown)
    wanted = _Wanted(image, file, chosen, profiles, beside, force, shown)
    if trace is not None:
        return _convert(wanted, None, trace)
    key = conversion_key(image, chosen, profiles)
    if reuse and (found := _copied(wanted, key)) is not None:
        return found
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(key))
        except OutputError as error:
            _LOG.info("not kept: %s", error)
            return _convert(wanted, None)
        if reuse and (found := _copied(wanted, key)) is not None:  # somebody made it meanwhile
            return found
        return _convert(wanted, key)


def kept_unikernel(ref: str, options: Options, progress: Progress | None = None) -> Path:
    """A unikernel of the image, in the cache: not to be changed. Errors: as `convert`."""
    shown = progress or Silent()
    image = open_image(ref, platform=options.platform, source=options.source, progress=shown)
    key = conversion_key(image, options)
    entry = find(key)
    if entry is None:
        with alone(key):
            entry = find(key) or _made_in_cache(image, key, options, shown)
    return entry.unikernel


def _made_in_cache(image: Image, key: str, options: Options, progress: Progress) -> Entry:
    from converter.convert import convert
    from converter.report.conversion import report

    with making(key) as folder:
        made = convert(image, unikernel_in(folder), options, progress=progress)
        entry = add(key, folder, report(made))
    keep_within_limit()
    return entry


def _copied(wanted: _Wanted, key: str) -> Converted | None:
    """What is kept, at its place; None where that is not all that is asked for."""
    entry = find(key)
    if entry is None:
        return None
    bill = None
    if wanted.documents.sbom is not None:
        bill = entry.bill(bill_name(wanted.documents, wanted.file))
        if bill is None:
            return None
    _LOG.info("converted before: %s", entry.folder)
    try:
        copy_file(entry.unikernel, wanted.file)
    except FileNotFoundError:
        return None  # it was pruned at this moment
    write_kept(wanted.documents, entry, wanted.image.reference, bill)
    return Converted(wanted.file, entry.manifest, entry.told(wanted.image.reference, wanted.file), True)


def _convert(wanted: _Wanted, key: str | None, trace: TraceRequest | None = None) -> Converted:
    """Converted now, and kept if there is a key."""
    from converter.convert import convert
    from converter.report.conversion import report

    made = convert(
        wanted.image,
        wanted.file,
        wanted.options,
        profiles=wanted.profiles,
        trace=trace,
        force=wanted.force,
        progress=wanted.progress,
    )
    bill = write_new(wanted.documents, made)
    done = Converted(wanted.file, made.unikernel.manifest, report(made), False)
    if key is not None:
        try:
            entry = _keep(key, done)
            if bill is not None:
                entry.keep_bill(bill_name(wanted.documents, wanted.file), bill)
        except OutputError as error:
            _LOG.info("not kept: %s", error)
    return done


def _keep(key: str, done: Converted) -> Entry:
    with making(key) as folder:
        copy_file(done.file, unikernel_in(folder))
        entry = add(key, folder, done.report)
    keep_within_limit()
    return entry
