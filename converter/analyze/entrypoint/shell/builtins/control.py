"""Builtins that steer the shell: exit, return, eval, source, set, shift, trap ... (XCU 2.14; bash(1))."""

from __future__ import annotations

from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.files import FileProblem
from converter.analyze.entrypoint.shell.redirections import contents
from converter.analyze.entrypoint.shell.state import ShellExit, Unwind
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value, join

_LONG = {
    "errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f", "noclobber": "C", "allexport": "a",
    "verbose": "v", "noexec": "n", "errtrace": "E", "functrace": "T", "monitor": "m", "hashall": "h",
}  # fmt: skip
_SIGNALS = {"0": "EXIT", "1": "HUP", "2": "INT", "3": "QUIT", "15": "TERM"}


def nothing(call: Call) -> Status:
    return 0


def failure(call: Call) -> Status:
    return 1


def exit_(call: Call) -> Status:
    raise ShellExit(_status(call))


def return_(call: Call) -> Status:
    raise Unwind("return", status=_status(call))


def _status(call: Call) -> Status:
    if not call.args:
        return call.shell.status
    value = call.args[0]
    if isinstance(value, Unknown):
        return value
    return int(value[:9]) & 255 if value.lstrip("-").isdigit() else 2


def break_(call: Call) -> Status:
    count = call.known()[0] if call.args else "1"
    raise Unwind(str(call.words[0]), int(count) if count.isdigit() and len(count) < 5 else 1)


def eval_(call: Call) -> Status:
    text = join(list(call.args), " ")
    if isinstance(text, Unknown):
        raise call.shell.undecided(f"eval of {text.reason}")
    call.commands.evaluate_text(text)
    return call.shell.status


def source(call: Call) -> Status:
    """`.`: another file's commands in this shell; bash gives it parameters."""
    shell = call.shell
    words = call.fixed()
    path = words[0] if words else ""
    if isinstance(path, Unknown):
        raise shell.undecided(f"sources {path.reason}")
    found = _sourced(call, path)
    try:
        if found is None:
            raise FileProblem("not found in PATH")
        text = contents(shell, found)
    except FileProblem as problem:
        shell.complain(f"{call.words[0]}: {path}: {problem}")
        if shell.bash and not shell.posix:
            return 1
        raise ShellExit(1 if shell.bash else 2) from problem
    if isinstance(text, Unknown):
        raise shell.undecided(f"sources {path}: {text.reason}")
    return _run_source(call, found, text, words[1:])


def _sourced(call: Call, path: str) -> str | None:
    """Looked up in PATH when it has no slash; bash in its own mode looks in the working folder, too."""
    shell = call.shell
    if "/" not in path:
        folders = shell.get("PATH")
        for folder in folders.split(":") if isinstance(folders, str) else []:
            if shell.world.files.resolve(f"{folder or '.'}/{path}", shell.cwd) is not None:
                return f"{folder or '.'}/{path}"
        if shell.posix or not shell.bash:
            return None
    return path


def _run_source(call: Call, path: str, text: str, args: list[Value]) -> Status:
    shell = call.shell
    before = shell.script, shell.file, shell.line, shell.positional
    if len(shell.calls) > 30:
        raise shell.undecided("files that source each other")
    shell.calls.append(("source", shell.file))
    shell.script, shell.file, shell.line = path, path, 1
    if args and shell.dialect != "dash":
        shell.positional = args
    try:
        call.commands.evaluate_text(text)
    except Unwind as unwind:
        if unwind.kind != "return":
            raise
        shell.status = unwind.status
    finally:
        positional = shell.positional
        shell.script, shell.file, shell.line, shell.positional = before
        if not args or shell.dialect == "dash":
            shell.positional = positional  # `set --` in it is ours
        shell.calls.pop()
    return shell.status


def set_(call: Call) -> Status:
    shell = call.shell
    words = call.fixed()
    while words:
        word = words[0]
        if isinstance(word, Unknown) or word in ("--", "-") or word[:1] not in ("-", "+"):
            break
        words = words[1:]
        for letter in word[1:]:
            if letter != "o":
                _switch(shell.options, letter, word[0] == "-")
            elif words:
                name = words[0]
                words = words[1:]
                if isinstance(name, Unknown):
                    raise shell.undecided(f"set -o {name.reason}")
                if (name == "posix" and not shell.bash) or name not in {
                    "posix",
                    *_LONG,
                    "pipefail",
                    "nolog",
                    "vi",
                    "emacs",
                    "history",
                    "braceexpand",
                }:
                    shell.complain(f"set: {name}: no such option")
                    return 2
                if name == "pipefail" and shell.dialect == "dash":
                    shell.complain("set: Illegal option -o pipefail")
                    raise ShellExit(2)
                _switch(shell.options, _LONG.get(name, name), word[0] == "-")
    else:
        return 0
    if words[0] in ("--", "-"):
        words = words[1:]
    shell.positional = list(words)
    return 0


def _switch(options: set[str], option: str, on: bool) -> None:
    if on:
        options.add(option)
    else:
        options.discard(option)


def shift(call: Call) -> Status:
    shell = call.shell
    text = call.known()[0] if call.args else "1"
    count = int(text) if text.isdigit() and len(text) < 9 else 1
    if count > len(shell.positional):
        if not shell.bash:
            shell.complain("shift: can't shift that many")
            raise ShellExit(2)
        return 1
    shell.positional = shell.positional[count:]
    return 0


def trap(call: Call) -> Status:
    shell, words = call.shell, call.known()
    if words and words[0] == "--":
        words = words[1:]
    if not words or words[0] in ("-p", "-l"):
        return 0
    action, names = words[0], words[1:]
    if not names:  # `trap INT` resets
        action, names = "-", words
    for name in names:
        signal = _SIGNALS.get(name, name.removeprefix("SIG").upper())
        if action == "-":
            shell.traps.pop(signal, None)
        elif shell.bash and action and signal in ("DEBUG", "RETURN"):
            raise shell.undecided(f"trap {signal}")
        else:
            shell.traps[signal] = action
    return 0


def wait(call: Call) -> Status:
    """For what was started in the background, which has raised a doubt already."""
    return Unknown("how a process in the background ends") if call.shell.world.background else 0


def shopt(call: Call) -> Status:
    shell, words = call.shell, call.known()
    flags = "".join(word[1:] for word in words if word.startswith("-"))
    names = [word for word in words if not word.startswith("-")]
    for name in names:
        if "s" in flags or "u" in flags:
            _switch(shell.options, _LONG.get(name, name) if "o" in flags else name, "s" in flags)
    if "s" in flags or "u" in flags:
        return 0
    return int(not all(name in shell.options for name in names))
