"""One shell process: its variables, functions, options, descriptors and place."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from converter.analyze.entrypoint.shell.streams import Stream
from converter.analyze.entrypoint.shell.syntax import Command
from converter.analyze.entrypoint.shell.values import Status, Undecided, Unknown, Value
from converter.analyze.entrypoint.shell.world import World
from converter.analyze.users import Credentials

MAX_CALLS = 40  # functions, sourced files and subshells inside each other


class ShellExit(Exception):  # control flow
    """`exit`, or what ends a shell: an error with `set -e`, a failed expansion."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


class Unwind(Exception):  # control flow
    """`return`, `break` and `continue` on their way up."""

    def __init__(self, kind: str, count: int = 1, status: Status = 0) -> None:
        super().__init__(kind)
        self.kind = kind
        self.count = count
        self.status = status


Array = dict[int | str, Value]


@dataclass(slots=True)
class Variable:
    """`value` is None when it is declared and not set; a dict is an array, by index or by key."""

    value: Value | Array | None = None
    exported: bool = False
    readonly: bool = False
    integer: bool = False
    keyed: bool = False  # an array by key
    case: str = ""  # "l" or "u": every value becomes lower or upper case


@dataclass(slots=True)
class Shell:
    """State of a shell; a subshell is a copy that shares only the world."""

    world: World
    dialect: str  # dash, bash or ash: what /bin/sh really is
    name: Value  # $0
    file: str  # the script as it was named to the shell; "" for -c
    script: str  # for messages
    user: Credentials
    cwd: str
    umask: int = 0o022
    positional: list[Value] = field(default_factory=list)
    variables: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, Command] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    streams: dict[int, Stream] = field(default_factory=dict)
    saved: list[dict[str, Variable | None]] = field(
        default_factory=list
    )  # what `local` hides, innermost last
    calls: list[tuple[str, str]] = field(
        default_factory=list
    )  # (function, script) that we are in, innermost last
    traps: dict[str, str] = field(default_factory=dict)
    status: Status = 0
    line: int = 0
    depth: int = 0
    tested: int = 0  # inside a condition, where `set -e` does not count
    substituted: Status | None = None  # of the last `$( )` of a command without a name
    main: bool = True  # not in a subshell or child
    last_argument: Value = ""
    folders: list[str] = field(default_factory=list)  # of pushd, the latest last
    pipe_statuses: list[Status] = field(default_factory=list)  # of the last pipeline's commands
    process: Value = field(default_factory=lambda: Unknown("a process number", filled=True))  # $$
    children: int = 0  # process substitutions so far

    def undecided(self, what: str) -> Undecided:
        return Undecided(self.script, self.line, what)

    @property
    def where(self) -> str:
        return f"{self.script}, line {self.line}"

    @property
    def bash(self) -> bool:
        return self.dialect == "bash"

    @property
    def posix(self) -> bool:
        """Whether bash is in its POSIX mode (bash(1), set -o posix): as /bin/sh it always is."""
        return "posix" in self.options

    def subshell(self) -> Shell:
        """A copy whose changes stay its own. Raises Undecided if they are too deep."""
        self.world.fork(self.where, "a subshell, pipeline or substitution")
        child = copy.copy(self)
        child.positional = list(self.positional)
        child.variables = {name: copy.copy(variable) for name, variable in self.variables.items()}
        for variable in child.variables.values():
            if isinstance(variable.value, dict):
                variable.value = variable.value.copy()
        child.functions = dict(self.functions)
        child.options = set(self.options)
        child.streams = dict(self.streams)
        child.saved = [dict(frame) for frame in self.saved]
        child.calls = list(self.calls)
        child.folders = list(self.folders)
        child.traps = {}
        child.main = False
        child.depth += 1
        if child.depth > MAX_CALLS:
            raise self.undecided(f"more than {MAX_CALLS} functions or subshells inside each other")
        return child

    def get(self, name: str) -> Value | None:
        """The value of a variable; element 0 of an array; None when unset."""
        variable = self.variables.get(name)
        if variable is None:
            return None
        if isinstance(variable.value, dict):
            return variable.value.get(0, variable.value.get("0"))
        return variable.value

    def set(self, name: str, value: Value | None) -> None:
        """Assign. Raises ShellExit if it is read-only."""
        if isinstance(value, str):
            self.world.spend(len(value))
        variable = self.variables.setdefault(name, Variable(exported="a" in self.options))
        if variable.readonly:
            self.complain(f"{name}: readonly variable")
            raise ShellExit(1 if self.bash else 2)
        variable.exported |= "a" in self.options
        if variable.case and isinstance(value, str):
            value = value.lower() if variable.case == "l" else value.upper()
        if isinstance(variable.value, dict):
            key = 0 if all(isinstance(index, int) for index in variable.value) else "0"
            variable.value[key] = value if value is not None else ""
        else:
            variable.value = value

    def unset(self, name: str) -> None:
        self.variables.pop(name, None)

    def exported(self) -> dict[str, Value]:
        """The environment of a program started now."""
        return {
            name: variable.value
            for name, variable in self.variables.items()
            if variable.exported and isinstance(variable.value, str | Unknown)
        }

    def complain(self, what: str) -> None:
        """A message of the shell's own on standard error."""
        self.streams.get(2, Stream()).write(f"{self.script}: {self.line}: {what}\n")

    def write(self, text: Value) -> None:
        """To standard output."""
        self.streams.get(1, Stream()).write(text)
