"""Builtins about where the shell is and what it would run: cd, pwd, umask, command, type ..."""

from __future__ import annotations

import posixpath
import re

from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.commands.modes import changed_mode
from converter.analyze.entrypoint.shell.commands.process import Unsupported
from converter.analyze.entrypoint.shell.files import permits
from converter.analyze.entrypoint.shell.processes import find_program, run_program
from converter.analyze.entrypoint.shell.values import Status, Unknown, to_text
from converter.image.tree import FileKind, Inode

_CLASSES = (("u", 6), ("g", 3), ("o", 0))
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
    home, told = _by_cdpath(call, home) if words else (home, False)
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
    if told or words[:1] == ["-"]:
        shell.write(shell.cwd + "\n")
    return 0


def _by_cdpath(call: Call, name: str) -> tuple[str, bool]:
    """The folder that CDPATH leads to, and whether it is to be printed (XCU cd)."""
    shell = call.shell
    folders = shell.get("CDPATH")
    if not folders or name.startswith(("/", "./", "../")) or name in ("", ".", "..", "-"):
        return name, False
    if isinstance(folders, Unknown):
        raise shell.undecided(f"CDPATH depends on {folders.reason}")
    for folder in folders.split(":"):
        path = posixpath.join(folder, name)
        found = shell.world.files.resolve(path, shell.cwd)
        if found is not None and found[1].kind is FileKind.DIRECTORY:
            return path, bool(folder)
    return name, False


def pushd(call: Call) -> Status:
    """`pushd DIR` and `popd` (bash(1)); what else they can do ends the reading."""
    shell, words = call.shell, call.known()
    back = call.words[0] == "popd"
    if len(words) != (0 if back else 1) or (words and words[0][:1] in ("-", "+")):
        raise shell.undecided(f"{call.words[0]} {' '.join(words)}")
    if back and not shell.folders:
        shell.complain("popd: directory stack empty")
        return 1
    before, target = shell.cwd, shell.folders[-1] if back else words[0]
    status = cd(Call(call.commands, ["cd", target], []))
    if status == 0:
        if back:
            shell.folders.pop()
        else:
            shell.folders.append(before)
        shell.write(Unknown(f"what {call.words[0]} prints", filled=True))
    return status


def pwd(call: Call) -> Status:
    shell = call.shell
    found = shell.world.files.resolve(".", shell.cwd)
    shell.write((to_text(found[0]) if found and "-P" in call.args else shell.cwd) + "\n")
    return 0


def umask(call: Call) -> Status:
    shell = call.shell
    words = [word for word in call.known() if word != "-p"]
    if words == ["-S"]:
        allowed = (f"{name}={_letters(~shell.umask >> shift & 7)}" for name, shift in _CLASSES)
        shell.write(",".join(allowed) + "\n")
        return 0
    words = [word for word in words if word != "-S"]
    if not words:
        shell.write(f"{shell.umask:04o}\n")
        return 0
    if re.fullmatch("[0-7]{1,4}", words[0]):
        shell.umask = int(words[0], 8) & 0o777
        return 0
    try:  # as chmod, on what is allowed (XCU umask)
        allowed_now = Inode(FileKind.REGULAR, ~shell.umask & 0o777)
        shell.umask = ~changed_mode(words[0], allowed_now, 0) & 0o777
    except Unsupported as problem:
        raise shell.undecided(f"umask {words[0]}") from problem
    return 0


def _letters(bits: int) -> str:
    return "".join(letter for letter, bit in (("r", 4), ("w", 2), ("x", 1)) if bits & bit)


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
