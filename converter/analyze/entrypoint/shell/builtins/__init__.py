"""The builtins of dash and bash, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converter.analyze.entrypoint.shell.builtins import control, output, place, testing, variables
from converter.analyze.entrypoint.shell.builtins.arithmetic import let
from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.values import Status

# Special builtins of POSIX (XCU 2.14): assignments before them stay, and their errors end a POSIX shell.
SPECIAL = frozenset(
    (":", ".", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift",
     "times", "trap", "unset")
)  # fmt: skip

BUILTINS: Mapping[str, Callable[[Call], Status]] = {
    ":": control.nothing, "true": control.nothing, "false": control.failure,
    "exit": control.exit_, "return": control.return_, "break": control.break_, "continue": control.break_,
    "eval": control.eval_, ".": control.source, "source": control.source, "set": control.set_,
    "shift": control.shift, "trap": control.trap, "wait": control.wait, "kill": control.wait,
    "jobs": control.nothing, "times": control.nothing, "disown": control.nothing, "shopt": control.shopt,
    "alias": control.nothing, "unalias": control.nothing,
    "export": variables.export, "readonly": variables.readonly, "local": variables.local,
    "declare": variables.declare, "typeset": variables.declare, "unset": variables.unset,
    "read": variables.read, "mapfile": variables.mapfile, "readarray": variables.mapfile,
    "getopts": variables.getopts, "let": let,
    "echo": output.echo, "printf": output.printf, "test": testing.test, "[": testing.test,
    "cd": place.cd, "chdir": place.cd, "pushd": place.pushd, "popd": place.pushd,
    "pwd": place.pwd, "umask": place.umask, "ulimit": place.ulimit, "hash": place.hash_,
    "command": place.command, "builtin": place.command, "type": place.type_,
}  # fmt: skip
