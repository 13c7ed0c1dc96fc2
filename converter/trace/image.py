"""An image's program, traced: on this host in the sandbox."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from converter.analyze.program import Program
from converter.errors import RunError
from converter.image.progress import Progress, Silent
from converter.image.tree import FileTree
from converter.link.architecture import architecture
from converter.link.catalogue import syscall_numbers
from converter.profile.model import Subject
from converter.trace.dynamic import profile_of, ran, started
from converter.trace.exercise import Outcome, exercise
from converter.trace.model import Ran, Trace
from converter.trace.native import Run
from converter.trace.record import LIMIT, Record
from converter.trace.request import TraceRequest
from converter.trace.sandbox import START, Workplace, sandbox
from converter.trace.starter import starter
from converter.trace.unpack import unpack
from converter.trace.watch import Watcher


def trace_image(
    tree: FileTree,
    program: Program,
    request: TraceRequest,
    subject: Subject,
    progress: Progress | None = None,
) -> Trace:
    """Run `program` as the image starts it (scripts and all) in a sandbox of this host, and watch.

    `subject` says which image it is; the rest of it becomes what the program that runs in the end shows.
    Errors: RunError when it cannot be sandboxed here, ends before it was exercised, or does not answer.
    """
    shown = progress or Silent()
    machine = architecture(subject.platform.partition("/")[2].partition("/")[0] or "amd64")
    if machine.name != platform.machine():
        raise RunError(
            f"a program for {machine.oci} cannot be traced on this {platform.machine()} host",
            hint="trace the unikernel of it: u2k run --trace FILE",
        )
    way = sandbox()
    notes = []
    if way.owners is None:
        notes.append("traced with one user id: users and owners were not changed (run u2k as root)")
    numbers = {number: name for name, number in syscall_numbers(machine).items()}
    watcher = Watcher(tree, START, program.user, numbers)
    prepared = program.with_missing_folders(tree)
    with Workplace(way, starter()) as place:
        shown.start("laying out the image", None)
        try:
            unpack(prepared, place.root, way.owners)
        finally:
            shown.done()
        run = Run(way, place, program, watcher)
        ports = [port.number for port in program.ports]
        with run.started():
            outcome = exercise(run, request, ports, program.stop_signal, shown)
        if watcher.main is None:
            raise RunError("the program could not be started: " + (run.last_words() or "it said nothing"))
    return _trace(tree, watcher, subject, outcome, notes)


def _trace(tree: FileTree, watcher: Watcher, subject: Subject, outcome: Outcome, notes: list[str]) -> Trace:
    last = watcher.main
    if last is None:
        raise ValueError("nothing was executed")
    found = started(last)
    if found is None:
        notes.append("the program's arguments were too long to be read")
    if last.left_out:
        notes.append(f"{last.left_out} files beyond the first {LIMIT} were not kept")
    if watcher.init is not None:
        notes.append(f"{_name(watcher.init)} starts the program and waits for it")
    profile = profile_of(last, subject, tree)
    return Trace(
        profile=profile,
        program=found,
        steps=tuple(step for record in watcher.before if (step := started(record)) is not None),
        forked=max(last.forks, 0),
        others=_others(watcher.others, (*watcher.before, last)),
        ending=outcome.ending,
        notes=(*notes, *outcome.notes),
        answers=outcome.answers,
    )


def _name(record: Record) -> str:
    return record.executable.decode("utf-8", "backslashreplace")


def _others(others: Mapping[bytes, Record], parents: tuple[Record, ...]) -> dict[str, Ran]:
    times: dict[bytes, int] = {}
    for record in (*parents, *others.values()):
        for path, count in record.children.items():
            times[path] = times.get(path, 0) + count
    return {
        path.decode("utf-8", "surrogateescape"): ran(record, times.get(path, 1))
        for path, record in sorted(others.items())
    }
