"""Evaluates a script's syntax tree without running anything: lists, pipelines, compound commands."""

from __future__ import annotations

from collections.abc import Callable

from converter.analyze.entrypoint.shell import pattern as patterns
from converter.analyze.entrypoint.shell.conditions import condition_holds
from converter.analyze.entrypoint.shell.expand import Expander
from converter.analyze.entrypoint.shell.redirections import redirected
from converter.analyze.entrypoint.shell.simple import SimpleCommands
from converter.analyze.entrypoint.shell.state import Shell, ShellExit, Unwind
from converter.analyze.entrypoint.shell.streams import Collected
from converter.analyze.entrypoint.shell.syntax import (
    AndOr,
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    Command,
    Condition,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    ProcessSubstitution,
    Redirect,
    Script,
    Simple,
    Word,
)
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value


class Evaluator:
    """Evaluates in the state of one shell. What ends it is raised: ShellExit, Replaced, Undecided."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.expander = Expander(shell, self._substitute, self._process)
        self._simple = SimpleCommands(self)

    def run(self, script: Script, *, last_replaces: bool = False) -> None:
        """All commands of `script`. `last_replaces`: the last one, if simple, is executed in our place."""
        for number, command in enumerate(script.commands):
            self._and_or(command, last_replaces and number == len(script.commands) - 1)

    def _and_or(self, command: AndOr, last: bool = False) -> None:
        shell = self.shell
        shell.line = command.line
        if command.background:
            self._background(command)
            return
        items = [("", command.first), *command.rest]
        skipped = False
        for number, (operator, pipeline) in enumerate(items):
            final = number == len(items) - 1
            if operator and self.succeeded() != (operator == "&&"):
                skipped = final
                continue
            shell.tested += not final
            try:
                self._pipeline(pipeline, last and final)
            finally:
                shell.tested -= not final
        if not skipped and not items[-1][1].negated and not _checks_inside(items[-1][1]):
            self._check_errors()

    def _background(self, command: AndOr) -> None:
        """A process of its own from here on: what it does, and when, is not known by reading."""
        world = self.shell.world
        world.background.append(f"{self.shell.where}: starts a process in the background")
        world.doubt(f"{self.shell.where}: starts a process in the background")
        self.shell.status = 0

    def succeeded(self) -> bool:
        """Whether the last status is 0; a reading for each answer if it is not known."""
        status = self.shell.status
        if isinstance(status, int):
            return status == 0
        yes = self.shell.world.choose(status, self.shell.where)
        if yes:
            self.shell.status = 0
        return yes

    def _check_errors(self) -> None:
        """`set -e` (XCU 2.14, set): a failure that nobody tests ends the shell."""
        shell = self.shell
        trapped = "ERR" in shell.traps and (not shell.calls or "E" in shell.options)
        if shell.tested or not ("e" in shell.options or trapped) or shell.status == 0 or self.succeeded():
            return
        status = shell.status
        if trapped:
            action = shell.traps.pop("ERR")  # not for what fails in it
            self._simple.evaluate_text(action)
            shell.traps.setdefault("ERR", action)
            shell.status = status
        if "e" in shell.options:
            raise ShellExit(status)

    def _pipeline(self, pipeline: Pipeline, last: bool = False) -> None:
        shell = self.shell
        shell.line = pipeline.line
        shell.tested += pipeline.negated
        try:
            if len(pipeline.commands) == 1:
                self.command(pipeline.commands[0], last and not pipeline.negated)
                shell.pipe_statuses = [shell.status]
            else:
                self._piped(pipeline)
        finally:
            shell.tested -= pipeline.negated
        if pipeline.negated:
            shell.status = 0 if not self.succeeded() else 1

    def _piped(self, pipeline: Pipeline) -> None:
        shell = self.shell
        statuses: list[Status] = []
        source = None
        for number, command in enumerate(pipeline.commands):
            if "lastpipe" in shell.options and number == len(pipeline.commands) - 1:
                raise shell.undecided("a pipeline's last command in the shell itself (lastpipe)")
            child = shell.subshell()
            if source is not None:
                child.streams[0] = source
            if number < len(pipeline.commands) - 1:
                source = child.streams[1] = Collected()
                if pipeline.errors_too:
                    child.streams[2] = source
            statuses.append(Evaluator(child).contained(command))
        shell.status, shell.pipe_statuses = statuses[-1], statuses
        if "pipefail" in shell.options:
            failed = [status for status in statuses if status != 0]
            shell.status = failed[-1] if failed else 0

    def contained(self, command: Command) -> Status:
        """Run `command` as the only one of a subshell: what it exits with."""
        return self.contain(lambda: self.command(command))

    def contain(self, run: Callable[[], None]) -> Status:
        """Call `run` in this subshell, which ends with it."""
        shell = self.shell
        try:
            run()
        except ShellExit as end:
            shell.status = end.status
        except Unwind as unwind:
            shell.status = unwind.status
        self.run_exit_trap()
        return shell.status

    def run_exit_trap(self) -> None:
        """The commands of `trap ... EXIT`, once."""
        action = self.shell.traps.pop("EXIT", None)
        if action:
            status = self.shell.status
            try:
                self._simple.evaluate_text(action)
            except ShellExit as end:
                status = end.status
            self.shell.status = status

    def command(self, command: Command, last: bool = False) -> None:
        """One command. Sets the shell's status."""
        shell = self.shell
        shell.line = command.line
        shell.world.step(shell.script, command.line)
        if isinstance(command, Simple):
            self._simple.run(command, last)
            return
        if isinstance(command, Function):
            shell.functions[command.name] = command.body
            shell.status = 0
            return
        with redirected(shell, self.expander, command.redirects) as opened:
            if not opened:
                shell.status = 1 if shell.bash else 2
            elif isinstance(command, Group):
                self._group(command)
            elif isinstance(command, If):
                self._if(command)
            elif isinstance(command, Loop):
                self._loop(command)
            elif isinstance(command, For):
                self._for(command)
            elif isinstance(command, ArithmeticFor):
                self._arithmetic_for(command)
            elif isinstance(command, Case):
                self._case(command)
            elif isinstance(command, ArithmeticCommand):
                value = self.expander.arithmetic(command.expression)
                shell.status = Unknown(value.reason) if isinstance(value, Unknown) else int(value == "0")
            else:
                self._condition(command)

    def _group(self, group: Group) -> None:
        if group.subshell:
            self.shell.status = Evaluator(self.shell.subshell()).contain_script(group.body)
        else:
            self.run(group.body)

    def contain_script(self, script: Script) -> Status:
        """Run `script` as the whole of this subshell."""
        return self.contain(lambda: self.run(script))

    def _condition(self, condition: Condition) -> None:
        holds = condition_holds(self.expander, condition)
        self.shell.status = holds if isinstance(holds, Unknown) else int(not holds)

    def holds(self, script: Script) -> bool:
        """The condition of `if` and `while`."""
        self.shell.tested += 1
        try:
            self.run(script)
            return self.succeeded()
        finally:
            self.shell.tested -= 1

    def _if(self, command: If) -> None:
        for condition, body in command.branches:
            if self.holds(condition):
                self._body(body)
                return
        self.shell.status = 0
        if command.otherwise is not None:
            self._body(command.otherwise)

    def _body(self, body: Script) -> None:
        self.shell.status = 0
        self.run(body)

    def _loop(self, command: Loop) -> None:
        status: Status = 0
        while True:
            self.shell.world.step(self.shell.script, command.line)
            if self.holds(command.condition) == command.until:
                break
            if not self._turn(command.body):
                return
            status = self.shell.status
        self.shell.status = status

    def _turn(self, body: Script) -> bool:
        """One turn of a loop; False when it was the last one."""
        try:
            self._body(body)
        except Unwind as unwind:
            if unwind.kind == "return":
                raise
            self.shell.status = 0
            if unwind.count > 1:
                raise Unwind(unwind.kind, unwind.count - 1) from unwind
            return unwind.kind == "continue"
        return True

    def _for(self, command: For) -> None:
        shell = self.shell
        values = list(shell.positional) if command.words is None else self.expander.fields(command.words)
        shell.status = 0
        for value in values:
            if isinstance(value, Unknown) and value.unquoted:
                raise shell.undecided(f"a loop over {value.reason}")
            shell.world.step(shell.script, command.line)
            shell.set(command.name, value)
            if not self._turn(command.body):
                return

    def _arithmetic_for(self, command: ArithmeticFor) -> None:
        shell = self.shell
        self._evaluated(command.start)
        while True:
            shell.world.step(shell.script, command.line)
            value = self._evaluated(command.condition) if command.condition.parts else "1"
            if value == "0" or not self._turn(command.body):
                return
            self._evaluated(command.step)

    def _evaluated(self, word: Word) -> str:
        value = self.expander.arithmetic(word)
        if isinstance(value, Unknown):
            raise self.shell.undecided(f"a loop depends on {value.reason}")
        return value

    def _case(self, command: Case) -> None:
        shell = self.shell
        subject = self.expander.text(command.subject)
        shell.status = 0
        falls = False
        for item in command.items:
            if not falls and not any(self._matches(pattern, subject) for pattern in item.patterns):
                continue
            self._body(item.body)
            if item.end == ";;":
                return
            falls = item.end == ";&"

    def _matches(self, word: Word, subject: Value) -> bool:
        pattern = self.expander.pattern(word)
        if isinstance(pattern, str) and pattern and set(pattern) <= {"*"}:
            return True
        unknown = next((value for value in (pattern, subject) if isinstance(value, Unknown)), None)
        if unknown is not None:
            if pattern == "" and isinstance(subject, Unknown) and subject.filled:
                return False
            return self.shell.world.choose(unknown, self.shell.where)
        assert isinstance(pattern, str) and isinstance(subject, str)
        try:
            return patterns.matches(
                pattern, subject, extended=True, ignore_case="nocasematch" in self.shell.options
            )
        except patterns.PatternProblem as problem:
            raise self.shell.undecided(str(problem)) from problem

    def _substitute(self, script: Script) -> Value:
        """`$( )`: the output less its last newlines (XCU 2.6.3)."""
        shell = self.shell
        if shell.dialect != "dash" and (only := _only_input(script)) is not None:
            with redirected(shell, self.expander, only) as opened:
                shell.substituted = 0 if opened else 1
                return _without_last_newlines(shell.streams[0].read() if opened else "")
        child = shell.subshell()
        output = Collected()
        child.streams[1] = output
        if not shell.bash or shell.posix or "inherit_errexit" in shell.options:
            child.tested = shell.tested if shell.bash else 0
        else:
            child.options.discard("e")  # bash(1), COMMAND EXECUTION ENVIRONMENT
        shell.substituted = Evaluator(child).contain_script(script)
        return _without_last_newlines(output.value())

    def _process(self, part: ProcessSubstitution) -> str:
        """`<( )`: a path under /dev/fd that reads what the commands print."""
        shell = self.shell
        if part.writes:
            raise shell.undecided("a process substitution that is written to")
        child = shell.subshell()
        output = Collected()
        child.streams[1] = output
        Evaluator(child).contain_script(part.body)
        number = 63 - shell.children % 40
        shell.children += 1
        shell.streams[number] = output
        return f"/dev/fd/{number}"


def _checks_inside(pipeline: Pipeline) -> bool:
    """A compound command in this shell: its own commands have been held against `set -e` already."""
    command = pipeline.commands[0]
    if len(pipeline.commands) > 1 or (isinstance(command, Group) and command.subshell):
        return False
    return isinstance(command, Group | If | Loop | For | ArithmeticFor | Case)


def _without_last_newlines(value: Value) -> Value:
    return value if isinstance(value, Unknown) else value.rstrip("\n").replace("\0", "")


def _only_input(script: Script) -> tuple[Redirect, ...] | None:
    """The redirection of `$(< file)`: its contents are meant (bash(1), Command Substitution)."""
    if len(script.commands) != 1 or script.commands[0].rest or len(script.commands[0].first.commands) != 1:
        return None
    command = script.commands[0].first.commands[0]
    if not isinstance(command, Simple) or command.words or command.assignments:
        return None
    alone = [redirect.operator for redirect in command.redirects] == ["<"]
    return command.redirects if alone else None
