"""Programs that a script starts: known ones are imitated, scripts are read, all else is foreign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from converter.analyze.entrypoint.launchers import LAUNCHERS, LauncherProblem
from converter.analyze.entrypoint.shell.commands import COMMANDS
from converter.analyze.entrypoint.shell.commands.process import Process, Unsupported
from converter.analyze.entrypoint.shell.files import FileProblem, permits
from converter.analyze.entrypoint.shell.state import Shell
from converter.analyze.entrypoint.shell.streams import Console, Stream
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value, shown, to_bytes, to_text
from converter.analyze.entrypoint.shell.world import Foreign, Launch, World
from converter.analyze.executable import Executable, find_executable, search_path
from converter.elf.identity import MAGIC
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind

SHELLS = {
    "dash": "dash",
    "bash": "bash",
    "ash": "ash",
    "sh": "ash",
}  # by real name; `sh`: of a multi-call binary
MULTI_CALL = ("busybox", "toybox", "coreutils")
_MAX_LAUNCHES = 16  # programs that each start the next
_LOOKED_AT = 80  # bytes of a text without a first line, for what no text has
_ASKED = (["--version"], ["--help"], ["-V"])


class Replaced(Exception):  # control flow
    """`exec`: from here on the process is another program. `last`: without `exec`, as the last command of
    `-c`; some shells stay then, and wait for it (dash of Debian 12).
    """

    def __init__(self, launch: Launch, streams: Mapping[int, Stream], last: bool) -> None:
        super().__init__(launch.path)
        self.launch = launch
        self.streams = streams
        self.last = last


class CannotExecute(Exception):  # an error of the script's, not of ours
    """execve(2) would fail; `status` is what the shell makes of it."""

    def __init__(self, error: IncompatibleImageError, status: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.status = status


@dataclass(frozen=True, slots=True)
class Followed:
    """A launch, after all launchers (env, gosu, tini ...) that only start the next program.

    launch:   as execve gets it, a script perhaps
    expanded: the same with its `#!` lines followed, so that it names an ELF file
    name:     what the ELF file is: `dash`, `redis-server`; of a multi-call binary the applet
    steps:    the launchers on the way, for people
    """

    launch: Launch
    expanded: Launch
    name: str
    executable: Executable
    steps: tuple[str, ...]


def find_program(shell: Shell, name: str, path: Value | None = None) -> str | None:
    """The path that the shell would execute for `name`; None if PATH has it not."""
    folders = path if path is not None else shell.get("PATH")
    if isinstance(folders, Unknown):
        raise shell.undecided(f"PATH depends on {folders.reason}")
    env = {b"PATH": to_bytes(folders or "")}
    try:
        view = shell.world.files.view
        found = search_path(view, to_bytes(name), env, to_bytes(shell.cwd), shell.user)
        return (
            to_text(found)
            if b"/" not in to_bytes(name) or view.resolve(found, cwd=to_bytes(shell.cwd))
            else None
        )
    except IncompatibleImageError:
        return None


def follow(world: World, launch: Launch) -> Followed:
    """Through scripts' first lines and launchers to what runs. Raises CannotExecute, LauncherProblem."""
    steps: list[str] = []
    while len(steps) < _MAX_LAUNCHES:
        try:
            cwd = to_bytes(launch.cwd)
            executable = find_executable(world.files.view, to_bytes(launch.path), cwd, launch.user)
        except IncompatibleImageError as error:
            found = world.files.resolve(launch.path, launch.cwd)
            raise CannotExecute(error, 126 if found else 127) from error
        expanded, name = _applet(_expanded(launch, executable), executable)
        following = LAUNCHERS[name](world.files.view, expanded) if name in LAUNCHERS else None
        if following is None:
            return Followed(launch, expanded, name, executable, tuple(steps))
        steps.append(f"{name} starts {_shown(following)}" + _as_whom(launch, following))
        launch = following
    raise LauncherProblem(f"more than {_MAX_LAUNCHES} programs that each start the next")


def _expanded(launch: Launch, executable: Executable) -> Launch:
    argv = list(launch.argv)
    for script in executable.scripts:
        option: list[Value] = [to_text(script.argument)] if script.argument is not None else []
        argv = [to_text(script.interpreter), *option, to_text(script.path), *argv[1:]]
    return replace(launch, path=to_text(executable.loaded), argv=tuple(argv))


def _applet(launch: Launch, executable: Executable) -> tuple[Launch, str]:
    """The name of what runs, and the launch with the name in front: `busybox sh FILE` is `sh FILE`."""
    real = to_text(executable.loaded_real_path).rpartition("/")[2]
    if real.split(".")[0].split("-")[0] not in MULTI_CALL:
        return launch, real
    name = launch.path.rpartition("/")[2]
    if name == real and len(launch.argv) > 1 and isinstance(applet := launch.argv[1], str):
        return replace(launch, argv=launch.argv[1:]), applet.rpartition("/")[2]
    return launch, name


def _shown(launch: Launch) -> str:
    return launch.path


def _as_whom(before: Launch, after: Launch) -> str:
    return f" as user {after.user.uid}:{after.user.gid}" if before.user != after.user else ""


def run_program(
    shell: Shell,
    words: list[Value],
    env: dict[str, Value],
    *,
    replaces: bool = False,
    last: bool = False,
    argv0: Value | None = None,
) -> Status:
    """Start a program with the shell's streams. Raises Replaced if it `replaces` the main shell, by `exec` or
    as the `last` command.
    """
    replaces = replaces or last
    name = words[0]
    if isinstance(name, Unknown):
        raise shell.undecided(f"the name of a command is {name.reason}")
    path = find_program(shell, name, env.get("PATH"))
    if path is None:
        there = shell.world.files.resolve(name, shell.cwd) if "/" in name else None
        shell.complain(f"{name}: " + ("Permission denied" if there else "not found"))
        return 126 if there else 127
    if shell.bash and not replaces:
        env["_"] = path
    if replaces and shell.bash and not last:
        path = _full_path(shell, path)
    argv = (words[0] if argv0 is None else argv0, *words[1:])
    launch = Launch(path, argv, env, shell.cwd, shell.user, shell.umask, shell.main and replaces)
    launch = _as_script(shell, launch)
    if replaces and shell.main:
        try:
            find_executable(shell.world.files.view, to_bytes(launch.path), to_bytes(shell.cwd), shell.user)
        except IncompatibleImageError as error:
            shell.complain(str(error))
            return 126
        raise Replaced(launch, shell.streams, last)
    return start(shell, launch)


def _full_path(shell: Shell, path: str) -> str:
    """What bash's `exec` makes of a relative path, which scripts see as their $0."""
    return path if path.startswith("/") else f"{shell.cwd.rstrip('/')}/{path.removeprefix('./')}"


def _as_script(shell: Shell, launch: Launch) -> Launch:
    """A text without a first line: execve(2) says ENOEXEC, and the shell runs it (XCU 2.9.1)."""
    files = shell.world.files
    found = files.resolve(launch.path, launch.cwd)
    if found is None or found[1].kind is not FileKind.REGULAR or not permits(found[1], launch.user, 1):
        return launch
    with files.view.open(found[1]) as stream:
        head = stream.read(_LOOKED_AT)
    if head.startswith((MAGIC, b"#!")) or b"\0" in head.partition(b"\n")[0]:
        return launch
    path = "/bin/bash" if shell.bash else "/bin/sh"
    return replace(launch, path=path, argv=(path, launch.path, *launch.argv[1:]))


def start(shell: Shell, launch: Launch) -> Status:
    """Run a program as a child: imitate it, read it, or take note of it."""
    world = shell.world
    world.fork(shell.where, f"runs {shown(launch.path)}")
    try:
        followed = follow(world, launch)
    except CannotExecute as problem:
        shell.complain(str(problem))
        return problem.status
    except LauncherProblem as problem:
        world.doubt(f"{shell.where}: {problem}")
        return Unknown(f"the status of {launch.path}")
    launch, name = followed.launch, followed.name
    if name in SHELLS:
        from converter.analyze.entrypoint.shell.invocation import (
            ReadsInput,
            run_shell,
        )  # they come here again

        known = len(world.foreign)
        try:
            status = run_shell(world, followed.expanded, name, shell.streams, parent=shell)
        except ReadsInput:
            return _foreign(shell, launch, name)
        if status != 0 and len(world.foreign) > known:
            return Unknown(f"the status of {launch.path}")  # of what it runs, really
        return status
    command = COMMANDS.get(name)
    if command is not None:
        process = Process(shell, followed.expanded, followed.name)
        try:
            return command(process)
        except Unsupported as problem:
            return _foreign(shell, launch, str(problem))
        except FileProblem as problem:
            process.complain(str(problem))
            return 1
    return _foreign(shell, launch, name)


def _foreign(shell: Shell, launch: Launch, name: str) -> Status:
    world = shell.world
    output = shell.streams.get(1)
    apart = not shell.main or not isinstance(output, Console)
    asked = list(launch.argv[1:]) in _ASKED
    if output is not None and not isinstance(output, Console):
        output.write(Unknown(f"the output of {name}"))
    if not asked:
        world.happened()
        world.foreign.append(Foreign(launch, shell.script, shell.line, world.events, apart))
    return Unknown(f"the status of {name}")
