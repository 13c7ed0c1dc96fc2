"""Builtins about where the shell is and what it would run: cd, pwd, umask, command, type ..."""

from __future__ import annotations

import posixpath

from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.files import permits
from converter.analyze.entrypoint.shell.processes import find_program, run_program
from converter.analyze.entrypoint.shell.values import Status, Unknown, to_text
from converter.image.tree import FileKind

_RESERVED = {
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "do",
    "done",
    "case",
    "esac",
    "while",
    "until",
    "for",
    "{",
    "}",
    "!",
    "in",
}


def cd(call: Call) -> Status:
    shell = call.shell
    words = [word for word in call.known() if word not in ("-L", "-P", "-e", "--")]
    physical = "-P" in call.args
    home = shell.get("HOME") if not words else shell.get("OLDPWD") if words[0] == "-" else words[0]
    if home is None or isinstance(home, Unknown):
        raise shell.undecided("cd to a folder that is not known")
    target = posixpath.normpath(posixpath.join(shell.cwd, home)) if not physical else home
    if target.startswith("//"):
        target = target[1:]
    if shell.world.files.mounted(target, shell.cwd) is not None:
        raise shell.undecided(f"cd to {target}, which is not in the image")
    found = shell.world.files.resolve(target, shell.cwd)
    if found is None or found[1].kind is not FileKind.DIRECTORY or not permits(found[1], shell.user, 1):
        shell.complain(f"cd: can't cd to {home}")
        return 1 if shell.bash else 2
    old = shell.get("PWD")
    shell.cwd = to_text(found[0]) if physical else target
    for name, value in (("OLDPWD", old if old is not None else ""), ("PWD", shell.cwd)):
        shell.set(name, value)
        if not shell.bash or name == "OLDPWD" or shell.variables[name].exported:
            shell.variables[name].exported = True
    if words[:1] == ["-"]:
        shell.write(shell.cwd + "\n")
    return 0


def pwd(call: Call) -> Status:
    shell = call.shell
    found = shell.world.files.resolve(".", shell.cwd)
    shell.write((to_text(found[0]) if found and "-P" in call.args else shell.cwd) + "\n")
    return 0


def umask(call: Call) -> Status:
    shell = call.shell
    words = [word for word in call.known() if word != "-p"]
    if not words or words[0] == "-S":
        shell.write(f"{shell.umask:04o}\n")
        return 0
    if not words[0].isdigit() or len(words[0]) > 4 or any(char in "89" for char in words[0]):
        raise shell.undecided(f"umask {words[0]}")
    shell.umask = int(words[0], 8) & 0o777
    return 0


def ulimit(call: Call) -> Status:
    """Limits belong to the host that runs the unikernel; setting them is noted."""
    words = call.known()
    if any(word and word[0] != "-" for word in words):
        call.shell.world.note(f"{call.shell.where}: ulimit {' '.join(words)} is left to the host")
        return 0
    call.shell.write(Unknown("a limit of the host", filled=True))
    return 0


def hash_(call: Call) -> Status:
    names = [word for word in call.known() if not word.startswith("-")]
    return int(not all(_found(call, name) for name in names))


def _found(call: Call, name: str) -> str | None:
    """What `command -v` prints for a name."""
    shell = call.shell
    if (
        name in shell.functions
        or call.commands.builtin(name) is not None
        or name in _RESERVED
        or name == "exec"
    ):
        return name
    return find_program(shell, name)


def command(call: Call) -> Status:
    """`command -v NAME`, or NAME without looking at functions."""
    shell, words = call.shell, list(call.args)
    while words and words[0] in ("-p", "--"):
        words.pop(0)
    if words and words[0] in ("-v", "-V"):
        status = 1
        for word in words[1:]:
            if isinstance(word, Unknown):
                shell.write(Unknown(word.reason))
                return Unknown(word.reason)
            found = _found(call, word)
            if found is not None:
                shell.write(found + "\n")
                status = 0
        return status if len(words) < 3 or status == 0 else 1 if shell.bash else 127
    if not words:
        return 0
    if isinstance(words[0], Unknown):
        raise shell.undecided(f"the name of a command is {words[0].reason}")
    if words[0] == "exec":
        raise shell.undecided("command exec")
    builtin = call.commands.builtin(words[0])
    if builtin is not None:
        return builtin(Call(call.commands, words, call.declared))
    return run_program(shell, words, shell.exported())


def type_(call: Call) -> Status:
    shell = call.shell
    words = call.known()
    names = [word for word in words if not word.startswith("-")]
    status = 0
    for name in names:
        found = _found(call, name)
        if found is None:
            if "-t" not in words:
                shell.write(f"{name}: not found\n")
            status = 1 if shell.bash else 127
        elif "-t" in words:
            kind = "function" if name in shell.functions else "file" if "/" in found else "builtin"
            shell.write(kind + "\n")
        elif "-p" in words or "-P" in words:
            shell.write(found + "\n" if "/" in found else "")
        else:
            shell.write(Unknown("what type prints", filled=True))
    return status
