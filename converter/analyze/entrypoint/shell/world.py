"""What all shells of one reading share: the files, the bounds, what was printed, and what is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from converter.analyze.entrypoint.shell.files import Files
from converter.analyze.entrypoint.shell.streams import Console
from converter.analyze.entrypoint.shell.values import Undecided, Unknown, Value, shown
from converter.analyze.users import Credentials
from converter.image.tree import FileTree

MAX_STEPS = 20_000  # commands
MAX_WORK = 64 << 20  # bytes of files and pipes
MAX_PRINTED = 200  # pieces of output that are kept for the report
MAX_FORKS = 16  # places where a shell makes a process that are kept


@dataclass(frozen=True, slots=True)
class Launch:
    """A program about to be executed, as execve(2) and the process's state have it."""

    path: str  # as it goes to execve
    argv: tuple[Value, ...]
    env: Mapping[str, Value]
    cwd: str
    user: Credentials
    umask: int = 0o022
    first: bool = False  # it is process 1 of the container


@dataclass(frozen=True, slots=True)
class Foreign:
    """A program that the script runs and waits for, and that reading knows nothing of."""

    launch: Launch
    script: str
    line: int
    event: int  # of the world, when it was started
    apart: bool  # in the background, or its output or status goes somewhere

    @property
    def name(self) -> str:
        """As the script calls it."""
        name = self.launch.argv[0] if self.launch.argv else self.launch.path
        return name if isinstance(name, str) else self.launch.path

    @property
    def place(self) -> str:
        return f"{self.script}, line {self.line}"

    def __str__(self) -> str:
        return f"{self.place}: runs {shown(self.name)}, and what that does is not known by reading"


class OutOfWork(Exception):  # a bound, not an error of the script's
    """The script handles more bytes than reading is ready to."""


@dataclass(slots=True)
class World:
    """`choices` are the answers for the questions that only a run could answer, in order."""

    tree: FileTree
    architecture: str
    choices: tuple[bool, ...] = ()
    taken: list[bool] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)  # what each choice took for granted
    doubts: list[str] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)
    background: list[str] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)  # where a shell makes a process, known to reading or not
    printed: list[tuple[str, Value]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: int = 0  # effects and output so far
    steps: int = 0
    work: int = 0
    files: Files = field(init=False)
    hostname: Unknown = field(
        default_factory=lambda: Unknown("the name of the container", filled=True, name=True)
    )

    def __post_init__(self) -> None:
        self.files = Files(self.tree, self.happened, self.spend)

    def happened(self) -> None:
        """Count an effect that others can see."""
        self.events += 1

    def step(self, script: str, line: int) -> None:
        """Count a command. Raises Undecided beyond the bound."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Undecided(script, line, f"more than {MAX_STEPS} commands, which is where reading stops")

    def spend(self, size: int) -> None:
        """Count bytes that were handled. Raises OutOfWork beyond the bound."""
        self.work += size
        if self.work > MAX_WORK:
            raise OutOfWork

    def choose(self, unknown: Unknown, where: str) -> bool:
        """An answer for a question that depends on `unknown`; readings differ in their answers."""
        if self.foreign or self.doubts:
            return True  # what follows is only likely anyway
        number = len(self.taken)
        answer = self.choices[number] if number < len(self.choices) else True
        self.taken.append(answer)
        self.assumed.append(f"{where}: it depends on {unknown.reason}")
        return answer

    def doubt(self, what: str) -> None:
        """Go on, but what follows is only likely."""
        if what not in self.doubts:
            self.doubts.append(what)

    def fork(self, where: str, what: str) -> None:
        """A shell makes a process of its own for `what`."""
        told = f"{where}: {what}"
        if len(self.forks) < MAX_FORKS and told not in self.forks:
            self.forks.append(told)

    def note(self, what: str) -> None:
        if what not in self.notes:
            self.notes.append(what)

    def console(self, name: str) -> Console:
        """Standard input, output or error of the container."""
        return Console(name, self._print)

    def _print(self, name: str, text: Value) -> None:
        self.events += 1
        if len(self.printed) < MAX_PRINTED:
            self.printed.append((name, text))
