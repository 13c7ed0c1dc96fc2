"""Programs that do what a builtin of the shell does too: true, false, printf, echo as files."""

from __future__ import annotations

from converter.analyze.entrypoint.shell.builtins.output import formatted, unescape
from converter.analyze.entrypoint.shell.commands.process import Process
from converter.analyze.entrypoint.shell.values import Status


def _true(process: Process) -> Status:
    return 0


def _false(process: Process) -> Status:
    return 1


def _printf(process: Process) -> Status:
    args = process.known()
    if not args:
        return 1
    text, status = formatted(args[0], args[1:])
    process.write(text)
    return status


def _echo(process: Process) -> Status:
    args = process.known()
    newline, escapes = True, False
    while args and args[0] in ("-n", "-e", "-ne", "-en"):
        option = args.pop(0)
        newline &= "n" not in option
        escapes |= "e" in option
    text = " ".join(args)
    text, stop = unescape(text) if escapes else (text, False)
    process.write(text + ("\n" if newline and not stop else ""))
    return 0


TWINS = {"true": _true, "false": _false, "printf": _printf, "echo": _echo}
