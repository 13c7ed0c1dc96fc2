"""An image's program, traced: on this host in the sandbox."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace

from converter.analyze.program import Program
from converter.errors import RunError
from converter.image.progress import Progress, Silent
from converter.image.tree import FileTree
from converter.link.architecture import architecture
from converter.link.catalogue import syscall_numbers
from converter.profile.model import Subject
from converter.trace.changes import Changes
from converter.trace.coming import Coming
from converter.trace.contents import KeptContents, TooMuchChanged
from converter.trace.dynamic import profile_of, ran, started
from converter.trace.exercise import Outcome, exercise
from converter.trace.model import Ran, Trace
from converter.trace.native import Run
from converter.trace.notes import notes
from converter.trace.record import Record
from converter.trace.request import TraceRequest
from converter.trace.sandbox import START, Sandbox, sandbox
from converter.trace.starter import starter
from converter.trace.unpack import unpack
from converter.trace.watch import Watcher
from converter.trace.workplace import Workplace

_ONE_ID = (
    "traced with one user id, because u2k is not root: chown, setuid and gosu fail, "
    "and new files belong to the image's user"
)


def trace_image(
    tree: FileTree,
    program: Program,
    request: TraceRequest,
    subject: Subject,
    progress: Progress | None = None,
    *,
    changes: bool = False,
    foretold: Program | None = None,
    waited: bool = False,
) -> Trace:
    """Run `program` as the image starts it (scripts and all) in a sandbox of this host, and watch.

    `subject` says which image it is; the rest of it becomes what the program that runs in the end shows.
    changes:  what the entrypoint changes before that program begins is read back, for the root image
    foretold: what reading says that runs in the end, perhaps; it may be a shell then
    waited:   it is the last that a script starts, and the shell waits for it
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
    numbers = {number: name for name, number in syscall_numbers(machine).items()}
    prepared = program.with_missing_folders(tree)
    watcher = Watcher(
        prepared, START, program.user, numbers, foretold.argv if foretold is not None and waited else None
    )
    with Workplace(way.owners, starter()) as place:
        shown.start("laying out the image", None)
        try:
            unpack(prepared, place.root, way.owners)
        finally:
            shown.done()
        found = _Found(prepared, place, way, program, watcher) if changes else None
        try:
            coming = Coming(watcher, foretold)
            run = Run(way, place, program, watcher, found.look if found else None, coming.now)
            ports = [port.number for port in program.ports]
            with run.started():
                outcome = exercise(run, request, ports, program.stop_signal, shown)
            if watcher.main is None:
                said = run.last_words() or "it said nothing"
                raise RunError("the program could not be started: " + said)
            if outcome.coming:
                raise coming.never(outcome.ending)
        except BaseException as error:
            if found is not None:
                found.contents.discard()
            if isinstance(error, RunError) and way.owners is None:  # which may be why
                hint = "run u2k as root" + (f"; else {error.hint}" if error.hint else "")
                raise RunError(f"{error.what}\n({_ONE_ID})", where=error.where, hint=hint) from error
            raise
    first = [_ONE_ID] if way.owners is None else []
    return _with_changes(_trace(watcher, subject, outcome, first), found)


class _Found:
    """The files as the main process's latest program finds them."""

    def __init__(
        self, tree: FileTree, place: Workplace, way: Sandbox, program: Program, watcher: Watcher
    ) -> None:
        self.contents = KeptContents()
        self.tree: FileTree | None = tree
        self.problem = ""
        self._watcher = watcher
        self.changes: Changes | None = None
        try:
            self.changes = Changes(tree, place.root, way.owners, program.user, self.contents)
        except TooMuchChanged as problem:
            self.tree, self.problem = None, str(problem)

    def look(self) -> None:
        """The program has not begun, so that this is what it finds."""
        if self.changes is None:
            return
        try:
            self.tree, self.problem = self.changes.read(), ""
            self._watcher.tree = self.tree
        except TooMuchChanged as problem:
            self.tree, self.problem = None, str(problem)


def _with_changes(trace: Trace, found: _Found | None) -> Trace:
    if found is None:
        return trace
    if found.tree is None or found.changes is None:
        found.contents.discard()
        note = f"what the entrypoint changed is not in the root: {found.problem}"
        return replace(trace, notes=(*trace.notes, note))
    paths = found.changes.paths
    if any(span.blob for path in paths if path in found.tree for span in found.tree[path].spans):
        found.contents.close()
    else:
        found.contents.discard()
    return replace(trace, tree=found.tree, changed=paths)


def _trace(watcher: Watcher, subject: Subject, outcome: Outcome, first: list[str]) -> Trace:
    last = watcher.main
    if last is None:
        raise ValueError("nothing was executed")
    return Trace(
        profile=profile_of(last, subject, watcher.tree),
        program=started(last),
        steps=tuple(step for record in watcher.before if (step := started(record)) is not None),
        more_steps=watcher.more_before,
        forked=max(last.forks, 0),
        others=_others(watcher.others, (*watcher.before, last)),
        ending=outcome.ending,
        notes=(*first, *notes(watcher, last), *outcome.notes),
        answers=outcome.answers,
        failed=outcome.failed,
    )


def _others(others: Mapping[bytes, Record], parents: tuple[Record, ...]) -> dict[str, Ran]:
    times: dict[bytes, int] = {}
    for record in (*parents, *others.values()):
        for path, count in record.children.items():
            times[path] = times.get(path, 0) + count
    return {
        path.decode("utf-8", "surrogateescape"): ran(record, times.get(path, 1))
        for path, record in sorted(others.items())
    }
