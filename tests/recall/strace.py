"""Reading strace's output: which program made which system calls.

The format is that of `strace -f -o FILE` (strace(1)): a thread id before each line, a call that is cut by
another in two pieces (`<unfinished ...>`, `<... NAME resumed>`), `---` before signals and `+++` before
ends. strace must run in the PID namespace of its tracees, so that what clone returns is an id of this output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

STARTER = ""  # the program of what strace itself starts, up to its first execve

_LINE = re.compile(r"^(?P<tid>\d+) +(?P<rest>.*)$")
_CALL = re.compile(r"^(?P<name>[a-z_][a-z0-9_]*)\(")
_RESUMED = re.compile(r"^<\.\.\. (?P<name>[a-z_][a-z0-9_]*) resumed>")
_RESULT = re.compile(r"\) += (?P<result>-?\d+|0x[0-9a-f]+|\?)")
_PATH = re.compile(r'^execve(?:at\([^,]*, |\()"(?P<path>(?:[^"\\]|\\.)*)"')
_ITSELF = "/proc/self/exe"  # how a program executes itself once more (proc(5))
_MAKES_TASK = ("fork", "vfork", "clone", "clone3")
_EXECUTES = ("execve", "execveat")


@dataclass(slots=True)
class Segment:
    """What one task did between two execs. `program` is None while it is that of the task's parent."""

    program: str | None
    parent: Segment | None = None
    calls: dict[str, str] = field(default_factory=dict)  # name -> first line


@dataclass(slots=True)
class _Task:
    segment: Segment
    begun: str = ""  # the first piece of an unfinished call


def calls_by_program(lines: Iterable[str], launchers: int = 0) -> dict[str, dict[str, str]]:
    """Program, as the execve that succeeded named it -> call -> the first line that shows it.

    launchers: how many programs, one executing the next, only prepare the run; they count for none.
    What a forked child does before it executes something counts for its parent's program. The execve that
    starts a program counts for the one before it.
    """
    reader = _Reader(launchers)
    for line in lines:
        reader.read(line)
    return reader.programs()


class _Reader:
    def __init__(self, launchers: int) -> None:
        self._launchers = launchers
        self._tasks: dict[int, _Task] = {}
        self._gone: dict[int, _Task] = {}  # ended, perhaps before the clone that made it was seen to return
        self._segments: list[Segment] = []

    def read(self, line: str) -> None:
        match = _LINE.match(line.rstrip("\n"))
        if match is None:
            return
        tid, rest = int(match["tid"]), match["rest"]
        if rest.startswith("+++"):
            if tid in self._tasks:
                self._gone[tid] = self._tasks.pop(tid)  # ids are used again
            return
        task = self._task(tid)
        if resumed := _RESUMED.match(rest):
            self._ended(task, resumed["name"], rest, task.begun or rest)
        elif call := _CALL.match(rest):
            task.segment.calls.setdefault(call["name"], rest)
            if rest.endswith("<unfinished ...>"):
                task.begun = rest
            else:
                self._ended(task, call["name"], rest, rest)

    def _task(self, tid: int) -> _Task:
        if tid not in self._tasks:
            # The first is what strace starts; one whose clone is still unfinished gets its parent then.
            self._tasks[tid] = _Task(self._segment(None if self._tasks else STARTER))
        return self._tasks[tid]

    def _segment(self, program: str | None) -> Segment:
        self._segments.append(Segment(program))
        return self._segments[-1]

    def _ended(self, task: _Task, name: str, rest: str, begun: str) -> None:
        """A call has returned: `rest` has its result, `begun` its first arguments."""
        task.begun = ""
        if name not in _MAKES_TASK + _EXECUTES:
            return
        result = _RESULT.findall(rest)
        if not result:
            return
        if name in _MAKES_TASK and result[-1].isdigit() and int(result[-1]) > 0:
            self._made(int(result[-1]), task.segment)
        elif name in _EXECUTES and result[-1] == "0":
            path = _PATH.match(begun)
            program = path["path"] if path else "?"
            if program == _ITSELF:
                program = _program(task.segment)
            if self._launchers and task.segment.program == STARTER:
                self._launchers, program = self._launchers - 1, STARTER
            segment = self._segment(program)
            segment.parent = task.segment  # so that a late clone finds the segment before the exec
            task.segment = segment

    def _made(self, tid: int, parent: Segment) -> None:
        """Task `tid` is a child of `parent`: what it did may have been seen already, and its end as well."""
        for known in (self._tasks.get(tid), self._gone.get(tid)):
            if (
                known is not None
                and (first := _first(known.segment)).parent is None
                and first.program is None
            ):
                first.parent = parent
                return
        self._tasks[tid] = _Task(self._segment(None))
        self._tasks[tid].segment.parent = parent

    def programs(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for segment in self._segments:
            program = _program(segment)
            known = found.setdefault(program, {})
            for name, line in segment.calls.items():
                known.setdefault(name, line)
        found.pop(STARTER, None)
        return found


def _first(segment: Segment) -> Segment:
    """What the task of `segment` was before its first exec."""
    while segment.program is not None and segment.parent is not None:
        segment = segment.parent
    return segment


def _program(segment: Segment) -> str:
    at: Segment | None = segment
    while at is not None:
        if at.program is not None:
            return at.program
        at = at.parent
    return STARTER


def merged(sets: Iterable[Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """The union of several runs' `calls_by_program`."""
    union: dict[str, dict[str, str]] = {}
    for programs in sets:
        for program, calls in programs.items():
            known = union.setdefault(program, {})
            for name, line in calls.items():
                known.setdefault(name, line)
    return union
