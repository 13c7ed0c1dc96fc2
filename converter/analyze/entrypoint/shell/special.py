"""Parameters that the shell itself sets (XCU 2.5.2; bash(1), Shell Variables)."""

from __future__ import annotations

from converter.analyze.entrypoint.shell.state import Shell
from converter.analyze.entrypoint.shell.syntax import Parameter
from converter.analyze.entrypoint.shell.values import Unknown, Value

# What differs from run to run, or from one build of bash to the next.
_UNTOLD = {
    "RANDOM": "a random number", "SRANDOM": "a random number", "SECONDS": "the time",
    "EPOCHSECONDS": "the time", "EPOCHREALTIME": "the time",
    "BASHPID": "a process number", "PPID": "a process number",
    "BASH_VERSION": "the version of bash", "BASH_VERSINFO": "the version of bash", "OSTYPE": "bash's OSTYPE",
    "MACHTYPE": "bash's MACHTYPE", "HOSTTYPE": "bash's HOSTTYPE", "HOSTNAME": "the name of the host",
    "SHELLOPTS": "bash's options", "BASHOPTS": "bash's options",
}  # fmt: skip


def special(shell: Shell, name: str, parameter: Parameter | None) -> Value | list[Value] | None:
    """The value of a parameter that no assignment made; None when unset. Lists are arrays."""
    if name == "#":
        return str(len(shell.positional))
    if name == "?":
        return (
            str(shell.status) if isinstance(shell.status, int) else Unknown(shell.status.reason, filled=True)
        )
    if name == "$":
        return shell.process
    if name == "!":
        return Unknown("a process number", filled=True) if shell.world.background else None
    if name == "-":
        letters = "".join(sorted(option for option in shell.options if len(option) == 1))
        return letters + "hB" if shell.bash else letters
    if name == "LINENO":
        return str(shell.line)
    if not shell.bash:
        return None
    if name == "_":
        return shell.last_argument
    if name in ("UID", "EUID"):
        return str(shell.user.uid)
    if name == "GROUPS":
        return [str(group) for group in dict.fromkeys((shell.user.gid, *shell.user.groups))]
    if name == "PIPESTATUS":
        return [str(status) if isinstance(status, int) else status for status in shell.pipe_statuses]
    if name == "FUNCNAME":
        names = [function for function, _ in reversed(shell.calls)]
        return [*names, *(["main"] if names and shell.file else [])]
    if name == "BASH_SOURCE":
        files: list[Value] = [script for _, script in reversed(shell.calls)]
        return [*files, shell.file] if shell.file else files
    if name == "BASH_LINENO":
        return [Unknown("a line number", filled=True) for _ in shell.calls]
    if name == "BASH":
        return "/bin/sh" if shell.posix else "/bin/bash"
    return Unknown(_UNTOLD[name], filled=True) if name in _UNTOLD else None
