"""One reading of an entrypoint: from the image's command to where it ends, for one set of answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from converter.analyze.entrypoint.launchers import LauncherProblem
from converter.analyze.entrypoint.shell.invocation import ReadsInput, on_console, run_shell
from converter.analyze.entrypoint.shell.processes import SHELLS, CannotExecute, Replaced, follow
from converter.analyze.entrypoint.shell.streams import Console, Stream
from converter.analyze.entrypoint.shell.values import Status, Undecided, Unknown, Value, shown
from converter.analyze.entrypoint.shell.world import Launch, OutOfWork, World

_MAX_EXECS = 12  # programs in the place of each other


@dataclass(frozen=True, slots=True)
class Outcome:
    """kind: `program` (launch is what runs), `itself` (the shell stays), `gives up`, `undecided`.

    why: for `gives up` and `undecided`; read: whether a script decided
    waited: for `program`, that it has a process of its own, and the shell only waits for it
    """

    kind: str
    world: World
    launch: Launch | None = None
    status: Status = 0  # of a shell that ends
    why: str = ""
    steps: tuple[str, ...] = ()
    read: bool = False
    waited: bool = False
    signature: object = field(default=None)


def read_entrypoint(world: World, launch: Launch) -> Outcome:
    """Follow the first process of a container, from program to program, without running any."""
    streams: Mapping[int, Stream] = {
        number: world.console(name)
        for number, name in enumerate(("standard input", "standard output", "standard error"))
    }
    steps: list[str] = []
    read = waited = False
    try:
        for _ in range(_MAX_EXECS):
            followed = follow(world, launch)
            steps += followed.steps
            if followed.name not in SHELLS:
                _check_streams(world, streams)
                return replace(_program(world, followed.launch, steps, read), waited=waited)
            try:
                status = run_shell(world, followed.expanded, followed.name, streams)
            except Replaced as replaced:
                script = _script(followed.expanded)
                steps.append(f"{script} executes {shown(_words(replaced.launch))}")
                launch, streams, read = replaced.launch, replaced.streams, True
                waited = waited or replaced.last
                continue
            except ReadsInput:
                return replace(_program(world, followed.launch, steps, read), waited=waited)
            return _ended(world, status, steps, _script(followed.expanded))
    except (Undecided, LauncherProblem) as problem:
        return Outcome("undecided", world, why=str(problem), steps=tuple(steps), read=True)
    except CannotExecute as problem:
        return Outcome("gives up", world, why=str(problem), steps=tuple(steps), read=read)
    except OutOfWork:
        return Outcome(
            "undecided", world, why="a script that handles too much", steps=tuple(steps), read=True
        )
    except RecursionError:
        return Outcome("undecided", world, why="a script too deep to be read", steps=tuple(steps), read=True)
    why = f"more than {_MAX_EXECS} programs execute each other"
    return Outcome("undecided", world, why=why, steps=tuple(steps), read=True)


def _program(world: World, launch: Launch, steps: list[str], read: bool) -> Outcome:
    world.doubts[:0] = dict.fromkeys(map(str, world.foreign))
    for path, unknown in world.files.unknown.items():
        if path in world.files.changed:
            world.doubt(
                f"a script writes {path.decode('utf-8', 'replace')}, and that depends on {unknown.reason}"
            )
    _check_values(world, launch)
    argv, env = (
        map(_comparable, launch.argv),
        {name: _comparable(value) for name, value in launch.env.items()},
    )
    place = launch.path, launch.cwd, launch.user, launch.umask
    effects = tuple(world.files.difference().items())
    signature = place, tuple(argv), tuple(sorted(env.items())), effects, tuple(world.doubts)
    return Outcome("program", world, launch, steps=tuple(steps), read=read, signature=signature)


def _comparable(value: Value) -> str:
    return value if isinstance(value, str) else f"\0{value.reason}"  # no argument has a NUL


def _check_values(world: World, launch: Launch) -> None:
    for value in launch.argv:
        if isinstance(value, Unknown):
            world.doubt(f"an argument of {launch.path} is {value.reason}")
    for name, value in launch.env.items():
        if isinstance(value, Unknown) and value is not world.hostname:
            world.doubt(f"the variable {name} is {value.reason}")


def _check_streams(world: World, streams: Mapping[int, Stream]) -> None:
    """The program's own streams: they are the container's, or the reading says so."""
    for number, name in ((1, "standard output"), (2, "standard error")):
        if on_console(streams, number, name):
            continue
        stream = streams.get(number)
        if isinstance(stream, Console):
            world.note(f"{name} is joined with {stream.name} by the script; here they stay apart")
        else:
            world.doubt(f"{name} of the program goes to {stream.name if stream else 'nowhere'}")


def _ended(world: World, status: Status, steps: list[str], script: str) -> Outcome:
    """A shell that ends without `exec`: its last program is the one, or the shell itself is."""
    last = world.foreign[-1] if world.foreign else None
    if last is not None and not last.apart and last.event == world.events and not world.background:
        world.foreign.pop()
        steps.append(f"{last.script}, line {last.line}: the last command, for which the shell only waits")
        return replace(_program(world, last.launch, steps, True), waited=True)
    if world.foreign and status != 0:
        why = str(world.foreign[0])
        return Outcome("undecided", world, why=why, steps=tuple(steps), read=True)
    if isinstance(status, int) and status != 0:
        said = [text for name, text in world.printed if name == "standard error" and isinstance(text, str)]
        last_words = f": {shown(said[-1].strip(), 200)}" if said else ""
        return Outcome(
            "gives up",
            world,
            status=status,
            why=f"{script} ends with status {status}{last_words}",
            steps=tuple(steps),
            read=True,
        )
    return Outcome("itself", world, steps=tuple(steps), read=True, signature="itself")


def _script(launch: Launch) -> str:
    """The script of a shell's argument vector, for people."""
    words = [word for word in launch.argv[1:] if isinstance(word, str)]
    if any(word.startswith("-") and "c" in word and not word.startswith("--") for word in words[:2]):
        return "the command line"
    return next((word for word in words if not word.startswith("-")), launch.path)


def _words(launch: Launch) -> str:
    return " ".join(word if isinstance(word, str) else "..." for word in launch.argv)
