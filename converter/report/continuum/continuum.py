"""Making all stops of an image, counting, running and comparing them."""

from __future__ import annotations

import os
import platform
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from converter import __version__
from converter.convert import Conversion, build_unikernel, convert
from converter.image.progress import Progress
from converter.image.tree import FileTree
from converter.link.catalogue import syscall_numbers
from converter.options import Options
from converter.profile.model import Profile
from converter.profile.seccomp import seccomp_profile
from converter.report.by_products import calls_of, seccomp_of
from converter.report.container_calls import let_through
from converter.report.continuum.commands import commands
from converter.report.continuum.composition import cut, package_sizes, part_sizes, sections
from converter.report.continuum.figures import Artefacts, figures, plain_layers
from converter.report.continuum.model import Continuum, Figures, Measured, Stop
from converter.report.continuum.running.question import Question, question_for
from converter.report.continuum.running.rounds import rounds
from converter.report.continuum.running.runc import Bundle
from converter.report.continuum.running.ways import Here, container_ways, unikernel_ways
from converter.report.slim_container import slim_container
from converter.trace.request import Probe

if TYPE_CHECKING:
    from converter.trace.request import TraceRequest

STOPS = {
    "container": ("Container", "the host's"),
    "slim": ("Slim container", "the host's"),
    "process": ("Unikernel, process", "library OS, on the host's"),
    "vm": ("Unikernel, machine", "library OS alone"),
}


@dataclass(frozen=True, slots=True)
class Session:
    """How the stops are run.

    probe:    asked instead of what the image says; None: what that says
    runs:     how often each; 0: not at all
    patience: seconds that each has to answer
    """

    probe: Probe | None = None
    runs: int = 5
    patience: float = 60.0


def continuum(
    ref: str,
    options: Options,
    session: Session,
    progress: Progress,
    *,
    profiles: Sequence[Profile] = (),
    trace: TraceRequest | None = None,
) -> Continuum:
    """All stops of the image `ref`. What can't be run here has its figures all the same, and a reason.

    Errors: as `convert`; nothing is left of what was built.
    """
    with tempfile.TemporaryDirectory(prefix="u2k-continuum-") as name:
        folder = Path(name)
        machine = replace(options, target="vm")
        made = convert(ref, folder / "vm.u2k", machine, profiles=profiles, trace=trace, progress=progress)
        process = replace(options, target="process", root="auto")
        linked = build_unikernel(made.profiled, made.slimmed, folder / "process.u2k", process, progress)
        unikernels = {"process": linked, "vm": (made.kernel, made.unikernel)}
        seccomp = seccomp_of(made.profiled)
        slim = slim_container(made.profiled, made.slimmed, folder / "slim.tar", "slim:1", seccomp)
        reading = made.profiled.reading
        question = question_for(reading.program.ports, made.unikernel.manifest, session.probe)
        counted = figures(
            Artefacts(
                reading.image,
                reading.image_tree,
                slim,
                made.slimmed.tree,
                made.packages,
                calls_of(made.profiled.profile, reading.image.config.architecture),
                unikernels,
            ),
            progress,
        )

        def renamed(own: str) -> Path:
            return slim_container(made.profiled, made.slimmed, folder / "slim.tar", own, seccomp).path

        ways = unikernel_ways(linked[1], made.unikernel)
        if session.runs:
            layers = plain_layers(reading.image, progress)
            with container_ways(
                reading.image, layers, renamed, seccomp, options, folder, _bundles(made, slim.tree)
            ) as containers:
                ways = {**containers, **ways}
                ready = {stop: here.way for stop, here in ways.items() if here.way is not None}
                outcomes = rounds(ready, question, session.runs, session.patience, progress)
        else:
            ways = {stop: Here("not asked for: --runs 0", None) for stop in STOPS}
            outcomes = {}
        return _result(made, counted, ways, outcomes, question, session, options)


def _bundles(made: Conversion, slim: FileTree) -> dict[str, Bundle]:
    """Both containers for who has no engine: each with what starts in it, and what it may call."""
    reading = made.profiled.reading
    architecture = reading.image.config.architecture
    plain = let_through(syscall_numbers(made.kernel.machine))
    whole = reading.start.with_missing_folders(reading.image_tree)
    own = calls_of(made.profiled.profile, architecture)
    return {
        "container": Bundle(whole, reading.start, seccomp_profile(plain, architecture)),
        "slim": Bundle(slim, reading.program, seccomp_profile(own, architecture)),
    }


def _result(
    made: Conversion,
    counted: Mapping[str, Figures],
    ways: Mapping[str, Here],
    outcomes: Mapping[str, Measured | str],
    question: Question,
    session: Session,
    options: Options,
) -> Continuum:
    reading, manifest = made.profiled.reading, made.unikernel.manifest
    return Continuum(
        reference=reading.image.reference,
        digest=reading.image.digest,
        tool_version=__version__,
        program=shlex.join(manifest.argv),
        question=question.text,
        job=question.check is None,
        runs=session.runs,
        host=_host(),
        stops=tuple(_stop(name, counted[name], ways[name], outcomes.get(name)) for name in STOPS),
        parts=part_sizes(made.kernel),
        packages=package_sizes(made.slimmed.tree, made.packages),
        sections=sections(made.unikernel),
        calls=manifest.syscalls,
        cut=cut(made, made.slimmed.tree, manifest.syscalls),
        commands=commands(reading.image.reference, options, session.probe, question),
        notes=tuple(_notes(made)),
    )


def _stop(name: str, counted: Figures, here: Here, outcome: Measured | str | None) -> Stop:
    title, kernel = STOPS[name]
    measured = outcome if isinstance(outcome, Measured) else None
    why = outcome if isinstance(outcome, str) else "" if here.way is not None else here.how
    return Stop(name, title, here.how if here.way is not None else "", kernel, counted, measured, why)


def _notes(made: Conversion) -> list[str]:
    adaptation = made.profiled.reading.adaptation
    return [] if adaptation is None else [f"all stops but the first: {adaptation}"]


def _host() -> str:
    """What the figures of runs depend on."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        with Path("/proc/cpuinfo").open(errors="replace") as lines:
            model = next(
                (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), ""
            )
    processors = f"{os.cpu_count()} x {model or platform.machine()}"
    return f"{platform.system()} {platform.release()}, {processors}"
