"""A shell from its argument vector on: options, the script's text, and the variables it starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converter.analyze.entrypoint.shell.evaluate import Evaluator
from converter.analyze.entrypoint.shell.files import FileProblem
from converter.analyze.entrypoint.shell.grammar import parse_script
from converter.analyze.entrypoint.shell.redirections import contents
from converter.analyze.entrypoint.shell.scanner import SyntaxProblem
from converter.analyze.entrypoint.shell.state import MAX_CALLS, Shell, Unwind, Variable
from converter.analyze.entrypoint.shell.streams import Console, Stream
from converter.analyze.entrypoint.shell.values import Status, Undecided, Unknown, Value, shown
from converter.analyze.entrypoint.shell.words import NAME
from converter.analyze.entrypoint.shell.world import Launch, World

_DIALECTS = {"dash": "dash", "bash": "bash", "ash": "ash", "sh": "ash"}
_LONG_FLAGS = ("--login", "--norc", "--noprofile", "--posix", "--noediting", "--verbose", "--restricted")


class ReadsInput(Exception):  # not an error: a person or a pipe says what it does
    """A shell without a script: it takes its commands from standard input."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What the arguments of a shell say (sh(1), OPTIONS; bash(1), INVOCATION)."""

    options: frozenset[str]
    command: Value | None  # of -c
    path: Value | None
    name: Value
    positional: tuple[Value, ...]


def run_shell(
    world: World,
    launch: Launch,
    program: str,
    streams: Mapping[int, Stream],
    *,
    parent: Shell | None = None,
) -> Status:
    """Evaluate a shell's script. Without `parent` it is the container's first process.

    Returns its exit status. Raises Replaced at an `exec` of the first process, Undecided where reading ends,
    ReadsInput if there is no script.
    """
    where = (parent.script, parent.line) if parent is not None else (launch.path, 0)
    request = _parse(launch, where)
    shell = _shell(world, launch, program, request, streams, parent)
    text = _text(shell, request)
    if isinstance(text, Unknown):
        raise Undecided(shell.script, 0, f"a script that is {text.reason}")
    if text is None:
        return 127
    evaluator = Evaluator(shell)

    def run() -> None:
        _start_up(shell, evaluator, request)
        try:
            script = parse_script(text, bash=shell.dialect != "dash")
        except SyntaxProblem as problem:
            shell.line = problem.line
            raise _unread(shell, problem) from problem
        shell.line = 1
        evaluator.run(script, last_replaces=request.command is not None)

    return evaluator.contain(run)


def _unread(shell: Shell, problem: SyntaxProblem) -> Undecided:
    return Undecided(shell.script, problem.line, f"syntax that is not understood: {problem.what}")


def _parse(launch: Launch, where: tuple[str, int]) -> _Request:
    words = list(launch.argv[1:])
    options: set[str] = set()
    command = False
    while words and isinstance(word := words[0], str) and word[:1] in ("-", "+") and len(word) > 1:
        words.pop(0)
        if word == "--":
            break
        if word in _LONG_FLAGS:
            options |= {"--login": {"l"}, "--posix": {"posix"}}.get(word, set())
        elif word.startswith("--"):
            raise Undecided(*where, f"the option {shown(word)} of a shell")
        else:
            for letter in word[1:]:
                if letter == "o" and words:
                    name = words.pop(0)
                    options.add({"errexit": "e", "nounset": "u", "xtrace": "x"}.get(str(name), str(name)))
                elif letter == "c":
                    command = True
                elif word[0] == "-":
                    options.add(letter)
    if words and words[0] == "-":
        words.pop(0)
    if command:
        if not words:
            raise Undecided(*where, "a shell with -c and no command")
        rest = words[1:]
        return _Request(
            frozenset(options), words[0], None, rest[0] if rest else launch.argv[0], tuple(rest[1:])
        )
    if not words or "s" in options:
        raise ReadsInput
    return _Request(frozenset(options), None, words[0], words[0], tuple(words[1:]))


def _shell(
    world: World,
    launch: Launch,
    program: str,
    request: _Request,
    streams: Mapping[int, Stream],
    parent: Shell | None,
) -> Shell:
    path = request.path if isinstance(request.path, str) else ""
    shell = Shell(
        world=world,
        dialect=_DIALECTS[program],
        name=request.name,
        file=path,
        script=path or "sh -c",
        user=launch.user,
        cwd=launch.cwd,
        umask=launch.umask,
        positional=list(request.positional),
        options=set(request.options - {"l", "i"}),
        streams=dict(streams),
        main=parent is None,
        depth=0 if parent is None else parent.depth + 1,
    )
    if shell.depth > MAX_CALLS:
        raise Undecided(shell.script, 0, "scripts that start each other without end")
    if launch.first:
        shell.process = "1"
    _variables(shell, launch)
    return shell


def _variables(shell: Shell, launch: Launch) -> None:
    """The environment, and what each shell adds to it (dash(1), bash(1): Shell Variables)."""
    for name, value in launch.env.items():
        if NAME.fullmatch(name) and name != "IFS":
            shell.variables[name] = Variable(value, exported=True)
    given = shell.get("PWD")
    if isinstance(given, str) and given.startswith("/"):
        there = shell.world.files.resolve(given, "/")
        here = shell.world.files.resolve(".", launch.cwd)
        if there is not None and here is not None and there[0] == here[0]:
            shell.cwd = given
    shell.variables["PWD"] = Variable(shell.cwd, exported=True)
    shell.variables["OPTIND"] = Variable("1")
    shell.variables["IFS"] = Variable(" \t\n")
    if shell.dialect == "dash":
        return
    level = shell.get("SHLVL")
    number = int(level[:6]) if isinstance(level, str) and level.lstrip("-").isdigit() else 0
    shell.variables["SHLVL"] = Variable(str(number + 1), exported=True)
    if shell.bash:
        called = launch.argv[0] if launch.argv and isinstance(launch.argv[0], str) else ""
        if called.rpartition("/")[2].lstrip("-") == "sh" or "POSIXLY_CORRECT" in launch.env:
            shell.options.add("posix")  # bash(1), INVOCATION
        shell.variables.pop("_", None)
        shell.options.add("braceexpand")
        shell.variables.setdefault(
            "PATH", Variable("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        )
        shell.variables.setdefault("OLDPWD", Variable(None, exported=True))
        shell.variables.setdefault("TERM", Variable("dumb"))


def _text(shell: Shell, request: _Request) -> Value | None:
    """The commands; None, with the shell's complaint, if the file cannot be read."""
    if request.command is not None:
        return request.command
    if isinstance(request.path, Unknown):
        return request.path
    try:
        text = contents(shell, shell.file)
    except FileProblem as problem:
        shell.complain(f"{shell.file}: {problem}")
        return None
    return text.replace("\0", "") if isinstance(text, str) else text


def _start_up(shell: Shell, evaluator: Evaluator, request: _Request) -> None:
    """Files that a shell reads first: profiles of a login shell, $BASH_ENV."""
    files = []
    if "l" in request.options or (isinstance(request.name, str) and request.name.startswith("-")):
        home = shell.get("HOME")
        names = (".bash_profile", ".bash_login", ".profile") if shell.bash else (".profile",)
        own = [f"{home}/{name}" for name in names if isinstance(home, str)]
        found = [path for path in own if shell.world.files.resolve(path, shell.cwd) is not None]
        files = ["/etc/profile", *found[:1]]
    elif shell.bash and not shell.posix and isinstance(extra := shell.get("BASH_ENV"), str) and extra:
        files = [extra]
    for path in files:
        if shell.world.files.resolve(path, shell.cwd) is not None:
            script, shell.script = shell.script, path
            text = contents(shell, path)
            try:
                if isinstance(text, str):
                    evaluator.run(parse_script(text, bash=shell.dialect != "dash"))
            except Unwind as unwind:
                shell.status = unwind.status
            except (SyntaxProblem, FileProblem) as problem:
                raise Undecided(path, shell.line, f"cannot be read: {problem}") from problem
            shell.script = script


def on_console(streams: Mapping[int, Stream], number: int, name: str) -> bool:
    """Whether a descriptor still is the container's stream of that name."""
    stream = streams.get(number)
    return isinstance(stream, Console) and stream.name == name
