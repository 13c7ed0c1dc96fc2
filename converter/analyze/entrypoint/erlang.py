"""erlexec, which `erl` executes, and which executes the emulator (erl(1); erts/etc/common/erlexec.c).

Read for the flags that it hands on as they are; any other means that only a run shows what it does.
"""

from __future__ import annotations

import re
from dataclasses import replace

from converter.analyze.entrypoint.shell.values import Unknown, Value, shown, to_bytes
from converter.analyze.entrypoint.shell.world import Launch
from converter.image.tree import FileTree

_FIRST_RELEASE = 13  # of ERTS, with OTP 25: the first to pass -bindir
_VALUED = (
    "-pa",
    "-pz",
    "-s",
    "-run",
    "-eval",
    "-boot",
    "-config",
    "-kernel",
    "-setcookie",
    "-mode",
    "-boot_var",
)
_PLAIN = ("-noshell", "-nostick", "-embedded")
_CHANGES = ("ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS", "ERL_EMULATOR_TYPE")


class UnknownErlexec(ValueError):
    """A version, a flag or a variable that erlexec acts on in a way that is not read here."""


def emulator(tree: FileTree, launch: Launch) -> Launch:
    """What erlexec executes. Raises UnknownErlexec."""
    env = launch.env
    root, binaries, name = (_known(env.get(variable)) for variable in ("ROOTDIR", "BINDIR", "EMU"))
    program, home, path = (_known(env.get(variable)) for variable in ("PROGNAME", "HOME", "PATH"))
    release = re.search(r"/erts-([0-9]+)\.[^/]*/bin$", binaries)
    if release is None or int(release[1]) < _FIRST_RELEASE:
        raise UnknownErlexec(f"erlexec of {shown(binaries)}: only a run shows what it executes")
    changing = [
        variable for variable in env if variable in _CHANGES or re.fullmatch(r"ERL_OTP\d+_FLAGS", variable)
    ]
    if changing:
        raise UnknownErlexec(f"erlexec with {changing[0]} set: only a run shows what it executes")
    emulator_path = f"{binaries}/{name}.smp"
    if tree.resolve(to_bytes(emulator_path)) is None:
        raise UnknownErlexec(f"erlexec without {shown(emulator_path)}")
    argv: list[Value] = [emulator_path, "--", "-root", root, "-bindir", binaries, "-progname", program]
    argv += ["--", "-home", home, "--", *_flags(launch)]
    if binaries not in path:
        path = f"{binaries}:{root}/bin:{path}"
    return replace(launch, path=emulator_path, argv=tuple(argv), env={**env, "PATH": path})


def _flags(launch: Launch) -> list[Value]:
    result: list[Value] = []
    for word in launch.argv[1:]:
        text = _known(word)
        flag = text[:1] in ("-", "+") and text != "-"
        if text == "-noinput":
            result += ["-noshell", "-noinput"]
        elif not flag or text in _VALUED or text in _PLAIN:
            result.append(text)
        else:
            raise UnknownErlexec(f"erlexec with {shown(text)}: only a run shows what it executes")
    return result


def _known(value: Value | None) -> str:
    if not isinstance(value, str):
        reason = value.reason if isinstance(value, Unknown) else "not set"
        raise UnknownErlexec(f"erlexec with a variable that is {reason}")
    return value
