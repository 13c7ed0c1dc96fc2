"""From a reference to a profile: what `convert`, `profile` and `explain` share. Nothing is built here."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from converter.analyze.adaptation import Adaptation, adapted
from converter.analyze.calls.analysis import CallAnalysis
from converter.analyze.calls.model import CodeObject, StaticCalls
from converter.analyze.entrypoint import Resolution, resolve
from converter.analyze.libraries.fixpoint import close_libraries
from converter.analyze.program import Program, as_launched, find_program
from converter.analyze.refusal import Refusal, refusals, without_its_driver
from converter.analyze.static_profile import static_profile, subject_of
from converter.elf.closure import LibraryClosure
from converter.elf.linkmap import MissingLibraryError
from converter.errors import RunError
from converter.image.model import Image
from converter.image.open import file_tree, open_image
from converter.image.progress import Progress, Silent
from converter.image.tree import FileTree
from converter.libos import implemented, syscall_table
from converter.options import Options
from converter.profile.merge import merge, union
from converter.profile.model import Evidence, Profile

_SHOWN = 5  # paths in one line

if TYPE_CHECKING:
    from converter.trace.check import Violation
    from converter.trace.model import Trace
    from converter.trace.request import TraceRequest


@dataclass(frozen=True, slots=True)
class Reading:
    """An image, read and understood.

    image_tree: what the layers say; tree: what the program finds when it starts
    start:      what is executed first: ENTRYPOINT and CMD, or what replaces them
    resolution: how `start` leads to `program`, the one that runs in the end
    adaptation: what was done to its command line, so that it is one process; None: nothing
    """

    image: Image
    image_tree: FileTree
    tree: FileTree
    start: Program
    resolution: Resolution
    program: Program
    libraries: LibraryClosure
    adaptation: Adaptation | None = None


@dataclass(frozen=True, slots=True)
class Profiled:
    """A reading, and all that is known of what its program uses.

    static:     what reading alone gave
    profile:    that, and what was seen, given and asked for
    trace:      the run that was asked for, if any
    violations: what was seen and not foretold
    rewritable: StaticCalls.rewritable
    """

    reading: Reading
    static: Profile
    profile: Profile
    trace: Trace | None = None
    violations: tuple[Violation, ...] = ()
    rewritable: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)


def read_image(ref: str | Image, options: Options | None = None, progress: Progress | None = None) -> Reading:
    """Fetch and understand an image, by its name or opened already.

    Errors: SourceError, IncompatibleImageError, UsageError.
    """
    chosen, shown = options or Options(), progress or Silent()
    if isinstance(ref, Image):
        image = ref
    else:
        image = open_image(ref, platform=chosen.platform, source=chosen.source, progress=shown)
    tree = file_tree(image, progress=shown)
    config = replace(image.config, env=(*image.config.env, *chosen.env))
    start = find_program(config, tree, entrypoint=chosen.program or chosen.entrypoint, args=chosen.args)
    found = resolve(config, tree, entrypoint=chosen.entrypoint, args=chosen.args, program=chosen.program)
    found, adaptation = adapted(found) if chosen.adapt else (found, None)
    try:
        libraries = found.program.libraries(found.tree)
    except MissingLibraryError as error:
        raise without_its_driver(error) from None
    return Reading(image, tree, found.tree, start, found, found.program, libraries, adaptation)


def profile_image(
    ref: str | Image,
    options: Options | None = None,
    given: Sequence[Profile] = (),
    trace: TraceRequest | None = None,
    progress: Progress | None = None,
) -> Profiled:
    """Read an image, and find out what its program uses. `given` profiles are joined with what is found.

    trace: run the program in a sandbox as well, this way
    Errors: as `read_image`; UsageError when a given profile is of another program; RunError from tracing.
    """
    chosen = options or Options()
    if trace is not None:  # before anything long: whether this host can
        from converter.trace.sandbox import sandbox

        sandbox()
    reading = read_image(ref, chosen, progress)
    if trace is None:
        static, calls = read_profile_of(reading, chosen)
        profile = asked_for(merge([static, *given]), chosen)
        return Profiled(reading, static, profile, rewritable=calls.rewritable)
    from converter.trace.check import violations

    watched = _watched(reading, trace, progress)
    reading = as_watched(reading, watched, adapt=chosen.adapt)
    static, calls = read_profile_of(reading, chosen)
    profile = asked_for(merge([static, watched.profile, *given]), chosen)
    found = violations(static, watched.profile)
    return Profiled(reading, static, profile, watched, found, calls.rewritable)


def unsupported(profiled: Profiled) -> tuple[Refusal, ...]:
    """What the program needs and the library OS has not; empty if the image can become a unikernel."""
    reading, trace = profiled.reading, profiled.trace
    started: tuple[str, ...] = ()
    if trace is not None and trace.program is not None:
        by = trace.program.path
        started = tuple(os.fsdecode(each.path) for each in trace.others.values() if each.by == by)
    return refusals(
        reading.resolution,
        profiled.profile,
        implemented(),
        forked=0 if trace is None else trace.forked,
        started=started,
    )


def _watched(reading: Reading, request: TraceRequest, progress: Progress | None) -> Trace:
    """A run of what the image starts; without the right to change users, of what that is known to lead to."""
    from converter.trace.image import trace_image
    from converter.trace.sandbox import sandbox

    resolution, subject = reading.resolution, subject_of(reading.image, reading.resolution)
    unread = resolution.undecided is not None
    whole = reading.program.user == reading.start.user or sandbox().owners is not None
    if unread or (whole and reading.adaptation is None):
        return trace_image(
            reading.image_tree,
            reading.start,
            request,
            subject,
            progress,
            changes=unread,
            foretold=resolution.presumed if unread else reading.program,
            waited=resolution.waited,
        )
    trace = trace_image(reading.tree, reading.program, request, subject, progress, foretold=reading.program)
    why = "changes users" if reading.adaptation is None else "starts it without what was adapted"
    note = f"only the program was run, as reading has it, and not the entrypoint, which {why}"
    return replace(trace, notes=(*trace.notes, note))


def as_watched(reading: Reading, trace: Trace, *, adapt: bool = True) -> Reading:
    """The reading with what was seen to run in the end, and what it finds, where reading could not decide
    or found another. Errors: RunError when the run did not come to a program.
    """
    from converter.trace.coming import runs_shell

    seen, found, undecided = trace.program, reading.program, reading.resolution.undecided
    if seen is None:
        return reading
    if undecided is None and seen.argv == found.argv and same_file(reading.tree, seen.path, found):
        return reading
    tree = reading.tree if trace.tree is None else trace.tree
    if trace.failed and runs_shell(tree, seen.path, seen.cwd, seen.user):
        raise RunError(
            "\n".join((f"the entrypoint came to no program: {trace.ending}", *trace.notes)),
            where=_words(seen.argv),
            hint="give it what it asks for (-e NAME=VALUE, --args), or name the program with --program",
        )
    environment = dict(entry.split(b"=", 1) for entry in seen.env if b"=" in entry)
    if b"HOSTNAME" not in reading.start.environment:
        environment.pop(b"HOSTNAME", None)  # the run's own
    program = as_launched(
        reading.image.config,
        tree,
        reading.start,
        path=seen.path,
        argv=seen.argv,
        environment=environment,
        cwd=seen.cwd,
        user=seen.user,
    )
    steps = [*reading.resolution.reasons]
    if undecided is not None:
        steps.append(f"not decided by reading: {undecided}")
    steps.append(f"a run showed {_words(seen.argv)}")
    if seen.umask != 0o022:
        steps.append(f"its umask is {seen.umask:03o}")
    if trace.changed:
        steps.append("what the run changed before is in the root: " + _some(trace.changed))
    resolution = replace(
        reading.resolution,
        program=program,
        umask=seen.umask,
        tree=tree,
        decided_by="trace",
        reasons=tuple(steps),
        undecided=None,
        kept_args=None,
    )
    resolution, adaptation = adapted(resolution) if adapt else (resolution, None)
    return replace(
        reading,
        tree=tree,
        resolution=resolution,
        program=resolution.program,
        libraries=program.libraries(tree),
        adaptation=adaptation,
    )


def _some(paths: tuple[bytes, ...]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(map(os.fsdecode, paths[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def same_file(tree: FileTree, path: bytes, program: Program) -> bool:
    """Whether `path` is what `program` executes, by whatever name."""
    found = tree.resolve(path)
    return found is not None and found[0] in (
        program.executable.real_path,
        program.executable.loaded_real_path,
    )


def _words(argv: tuple[bytes, ...]) -> str:
    return " ".join(map(os.fsdecode, argv))


def read_profile_of(reading: Reading, options: Options) -> tuple[Profile, StaticCalls]:
    """What reading alone tells of the program, and of its code."""
    unread = options.form == "full" and options.platform.architecture != "amd64"
    with _collector_paused():
        analyse = _unread if unread else CallAnalysis(reading.tree).run
        runtime = close_libraries(reading.tree, reading.program, reading.libraries, analyse)
        profile = static_profile(reading.image, reading.resolution, reading.libraries, runtime)
        return profile, runtime.calls


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the collector of cyclic garbage: analysis makes next to none, and it would look at millions of
    live objects again and again, for a fifth of the time.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _unread(_: Sequence[CodeObject]) -> StaticCalls:
    """For code that cannot be read yet: everything is linked anyway."""
    return StaticCalls(open=("code of this architecture cannot be read yet",))


def asked_for(profile: Profile, options: Options) -> Profile:
    """The profile with the system calls that the command line adds."""
    known = syscall_table("x86_64") | syscall_table("aarch64")
    why = (Evidence("user", "--add-syscall"),)
    added = {name: why for name in options.add_syscalls if name in known}
    return replace(profile, syscalls=union((profile.syscalls, added)))
