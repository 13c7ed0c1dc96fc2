"""Simple commands: assignments, then a function, a builtin or a program (XCU 2.9.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from converter.analyze.entrypoint.shell.builtins import BUILTINS, SPECIAL
from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.grammar import parse_script
from converter.analyze.entrypoint.shell.processes import run_program
from converter.analyze.entrypoint.shell.redirections import redirect, redirected
from converter.analyze.entrypoint.shell.scanner import SyntaxProblem
from converter.analyze.entrypoint.shell.state import MAX_CALLS, Array, ShellExit, Unwind, Variable
from converter.analyze.entrypoint.shell.syntax import Assignment, Command, Simple, Word
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value, join

if TYPE_CHECKING:
    from converter.analyze.entrypoint.shell.evaluate import Evaluator

_OF_BASH = {
    "declare", "typeset", "shopt", "mapfile", "readarray", "builtin", "pushd", "popd", "disown"
}  # fmt: skip
_NOT_IN = {"dash": _OF_BASH | {"[[", "source", "let"}, "ash": _OF_BASH, "bash": {"chdir"}}
# Of bash (bash(1), SHELL BUILTIN COMMANDS), and not read here.
_UNREAD = {
    "bind", "caller", "compgen", "complete", "compopt", "dirs", "enable", "fc", "history", "suspend"
}  # fmt: skip


class SimpleCommands:
    """Runs simple commands in the state of one evaluator."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.shell = evaluator.shell
        self.expander = evaluator.expander

    def run(self, command: Simple, last: bool = False) -> None:
        """`last`: nothing follows, so that a program may take the shell's place (dash and bash with -c)."""
        shell = self.shell
        shell.line = command.line
        shell.substituted = None
        words, declared = self._words(command)
        if not words:
            with redirected(shell, self.expander, command.redirects) as opened:
                for assignment in command.assignments:
                    self.assign(assignment)
            shell.status = (
                (2 if shell.dialect == "dash" else 1)
                if not opened
                else 0
                if shell.substituted is None
                else shell.substituted
            )
            return
        if isinstance(words[0], Unknown):
            raise shell.undecided(f"the name of a command is {words[0].reason}")
        name = words[0]
        if name == "exec" and "exec" not in shell.functions:
            self._exec(command, words)
            return
        with redirected(shell, self.expander, command.redirects) as opened:
            if not opened:
                shell.status = 2 if shell.dialect == "dash" else 1
                if self._special(name):
                    raise ShellExit(shell.status)
                return
            self._invoke(name, words, declared, command, last and not shell.traps and not command.redirects)
        if words:
            shell.last_argument = words[-1]

    def _words(self, command: Simple) -> tuple[list[Value], list[Assignment]]:
        """The arguments, and apart from them the assignments of a declaration."""
        declared = [word for word in command.words if isinstance(word, Assignment)]
        plain = tuple(word for word in command.words if isinstance(word, Word))
        return self.expander.fields(plain), declared

    def _special(self, name: str) -> bool:
        """Whether a builtin has POSIX's special rules: not in bash's own mode."""
        return name in SPECIAL and (not self.shell.bash or self.shell.posix)

    def _invoke(
        self, name: str, words: list[Value], declared: list[Assignment], command: Simple, last: bool
    ) -> None:
        shell = self.shell
        function = shell.functions.get(name)
        builtin = self.builtin(name)
        if shell.bash and function is None and name in _UNREAD:
            raise shell.undecided(f"the builtin {name} of bash")
        if function is not None and not self._special(name):
            with _Temporary(self, command.assignments):
                self._trace(words)
                self.call(name, function, words[1:])
        elif builtin is not None:
            if self._special(name):
                for assignment in command.assignments:
                    self.assign(assignment)
                    shell.variables[assignment.name].exported |= shell.bash
                shell.status = builtin(Call(self, words, declared))
            else:
                with _Temporary(self, command.assignments):
                    shell.status = builtin(Call(self, words, declared))
        else:
            env = self._environment(command.assignments)
            shell.status = run_program(shell, words, env, last=last)

    def _trace(self, words: list[Value]) -> None:
        """`set -x` prints to standard error; that is the container's log and decides nothing."""
        if "x" in self.shell.options:
            self.shell.complain("+ " + " ".join(word if isinstance(word, str) else "?" for word in words))

    def builtin(self, name: str) -> Callable[[Call], Status] | None:
        """The builtin of this dialect called `name`, or None."""
        if name in _NOT_IN.get(self.shell.dialect, ()):
            return None
        return BUILTINS.get(name)

    def _environment(self, assignments: tuple[Assignment, ...]) -> dict[str, Value]:
        with _Temporary(self, assignments):  # each sees the ones before it
            return self.shell.exported()

    def _exec(self, command: Simple, words: list[Value]) -> None:
        """`exec`: the program takes the shell's place; without one, the redirections stay."""
        shell = self.shell
        if not redirect(shell, self.expander, command.redirects):
            raise ShellExit(1 if shell.bash else 2)
        rest = words[1:]
        env = self._environment(command.assignments)
        argv0: Value | None = None
        while rest and isinstance(rest[0], str) and rest[0].startswith("-") and shell.dialect != "dash":
            option = rest.pop(0)
            if option == "--":
                break
            if option == "-a" and rest:
                argv0 = rest.pop(0)
            elif option == "-c":
                env = {}
            elif option == "-l":
                argv0 = join(["-", rest[0]]) if rest else None
            else:
                raise shell.undecided(f"exec {option}")
        if rest and rest[0] == "--" and shell.dialect == "dash":
            rest.pop(0)
        if not rest:
            shell.status = 0
            return
        if shell.bash and isinstance(level := env.get("SHLVL"), str) and level.isdigit():
            env["SHLVL"] = str(int(level[:9]) - 1)
        status = run_program(shell, rest, env, replaces=True, argv0=argv0)
        raise ShellExit(status)

    def assign(self, assignment: Assignment) -> None:
        """`name=value` in this shell, arrays too."""
        shell = self.shell
        if assignment.elements is not None:
            self._assign_array(assignment)
            return
        value = self.expander.assigned(assignment.value)
        variable = shell.variables.get(assignment.name)
        if assignment.subscript is not None:
            self._assign_element(assignment, value)
            return
        if variable is not None and variable.integer and isinstance(assignment.value, Word):
            value = self.expander.arithmetic(assignment.value)
            if assignment.append and isinstance(value, str):
                old = shell.get(assignment.name)
                value = str(int(old or 0) + int(value)) if not isinstance(old, Unknown) else old
        elif assignment.append:
            value = join([shell.get(assignment.name) or "", value])
        shell.set(assignment.name, value)

    def _assign_array(self, assignment: Assignment) -> None:
        shell = self.shell
        variable = shell.variables.setdefault(assignment.name, Variable())
        if variable.readonly:
            shell.complain(f"{assignment.name}: readonly variable")
            raise ShellExit(1)
        old = variable.value
        items: Array = {}
        if assignment.append:
            items = dict(old) if isinstance(old, dict) else {0: old} if old is not None else {}
        following = max((key for key in items if isinstance(key, int)), default=-1) + 1
        for subscript, word in assignment.elements or ():
            if subscript is not None:
                key = self._key(subscript, variable.keyed)
                items[key] = self.expander.text(word)
                following = key + 1 if isinstance(key, int) else following
                continue
            for value in self.expander.fields((word,)):
                if isinstance(value, Unknown) and value.unquoted:
                    raise shell.undecided(f"an array of {value.reason}")
                items[following] = value
                following += 1
        variable.value = items

    def _key(self, subscript: Word, keyed: bool) -> int | str:
        if keyed:
            return self.expander.known(subscript, "a subscript")
        index = self.expander.arithmetic(subscript)
        if isinstance(index, Unknown):
            raise self.shell.undecided(f"a subscript depends on {index.reason}")
        return int(index)

    def _assign_element(self, assignment: Assignment, value: Value) -> None:
        variable = self.shell.variables.setdefault(assignment.name, Variable())
        if not isinstance(variable.value, dict):
            variable.value = {} if variable.value is None else {0: variable.value}
        assert assignment.subscript is not None
        key = self._key(assignment.subscript, variable.keyed)
        if assignment.append:
            value = join([variable.value.get(key, ""), value])
        variable.value[key] = value

    def call(self, name: str, function: Command, args: list[Value]) -> None:
        """A function: its own parameters, and variables that `local` gives back at its end."""
        shell = self.shell
        if len(shell.calls) >= MAX_CALLS:
            raise shell.undecided(f"more than {MAX_CALLS} functions inside each other")
        positional, shell.positional = shell.positional, args
        shell.saved.append({})
        shell.calls.append((name, shell.file))
        try:
            self.evaluator.command(function)
        except Unwind as unwind:
            if unwind.kind == "return":
                shell.status = unwind.status
            elif shell.bash:
                raise
        finally:
            shell.positional = positional
            shell.calls.pop()
            for variable, old in shell.saved.pop().items():
                if old is None:
                    shell.variables.pop(variable, None)
                else:
                    shell.variables[variable] = old

    def evaluate_text(self, text: str) -> None:
        """The commands in `text`, in this shell (`eval`, traps, sourced files). Raises ShellExit."""
        try:
            script = parse_script(text, bash=self.shell.dialect != "dash", line=self.shell.line)
        except SyntaxProblem as problem:
            self.shell.complain(f"syntax error: {problem.what}")
            raise ShellExit(2) from problem
        if not script.commands:
            self.shell.status = 0
        self.evaluator.run(script)


class _Temporary:
    """Assignments in front of a command, taken back after it."""

    def __init__(self, commands: SimpleCommands, assignments: tuple[Assignment, ...]) -> None:
        self._commands = commands
        self._assignments = assignments
        self._before: dict[str, Variable | None] = {}

    def __enter__(self) -> None:
        shell = self._commands.shell
        for assignment in self._assignments:
            self._before.setdefault(assignment.name, shell.variables.get(assignment.name))
            value = self._commands.expander.assigned(assignment.value)
            if assignment.append:
                value = join([shell.get(assignment.name) or "", value])
            shell.variables[assignment.name] = Variable(value, exported=True)

    def __exit__(self, *_: object) -> None:
        shell = self._commands.shell
        for name, variable in self._before.items():
            if variable is None:
                shell.variables.pop(name, None)
            else:
                shell.variables[name] = variable
