"""Redirections: which stream a descriptor means for one command, or from `exec` on (XCU 2.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from converter.analyze.entrypoint.shell.expand import Expander
from converter.analyze.entrypoint.shell.files import BY_ENGINE, DEVICES, FileProblem
from converter.analyze.entrypoint.shell.state import Shell
from converter.analyze.entrypoint.shell.streams import Collected, Stream, Written
from converter.analyze.entrypoint.shell.syntax import Redirect
from converter.analyze.entrypoint.shell.values import Unknown, Value, join, to_text

_STREAMS = {b"/dev/stdin": 0, b"/dev/stdout": 1, b"/dev/stderr": 2}
_PROCESS_FD = re.compile(rb"/(?:dev|proc/self|proc/1|proc/\$\$)/fd/([0-9]+)")


@contextmanager
def redirected(shell: Shell, expander: Expander, redirects: tuple[Redirect, ...]) -> Iterator[bool]:
    """The streams as `redirects` have them, inside the context; False when one cannot be opened."""
    if not redirects:
        yield True
        return
    before = dict(shell.streams)
    try:
        yield redirect(shell, expander, redirects)
    finally:
        shell.streams = before


def redirect(shell: Shell, expander: Expander, redirects: tuple[Redirect, ...]) -> bool:
    """Change the shell's own streams; False, with the shell's message, when one cannot be opened."""
    for each in redirects:
        try:
            _apply(shell, expander, each)
        except FileProblem as problem:
            target = expander.text(each.target)
            shell.complain(f"{target if isinstance(target, str) else '?'}: {problem}")
            return False
    return True


def _apply(shell: Shell, expander: Expander, each: Redirect) -> None:
    operator = each.operator
    number = each.descriptor if each.descriptor is not None else 0 if operator[0] == "<" else 1
    if each.variable is not None:
        number = next(free for free in range(10, 200) if free not in shell.streams)
        shell.set(each.variable, str(number))
    if operator == "<<":
        shell.streams[number] = Collected(expander.text(each.document.text if each.document else None))
        return
    if operator == "<<<":
        shell.streams[number] = Collected(join([expander.text(each.target), "\n"]))
        return
    target = expander.text(each.target)
    if isinstance(target, Unknown):
        raise shell.undecided(f"a redirection to {target.reason}")
    if operator in ("<&", ">&") and (target == "-" or target.rstrip("-").isdigit()):
        _duplicate(shell, number, target)
        return
    both = operator.startswith("&") or operator == ">&"
    stream = opened(shell, target, operator)
    shell.streams[number] = stream
    if both:
        shell.streams[2] = stream


def _duplicate(shell: Shell, number: int, target: str) -> None:
    if target == "-":
        shell.streams.pop(number, None)
        return
    source = int(target.rstrip("-")[:9])
    if source not in shell.streams:
        raise FileProblem("Bad file descriptor")
    shell.streams[number] = shell.streams[source]
    if target.endswith("-"):
        shell.streams.pop(source)


def opened(shell: Shell, target: str, operator: str) -> Stream:
    """The stream for a path; files that are written are made, or emptied, at once. Raises FileProblem."""
    place = shell.world.files.mounted(target, shell.cwd)
    if place is not None:
        return _device(shell, place, operator)
    files = shell.world.files
    if operator in ("<", "<>"):
        return Collected(contents(shell, target))

    def store(text: Value, append: bool = True) -> None:
        files.write(target, shell.cwd, shell.user, text, append=append, umask=shell.umask)

    if operator == ">" and "C" in shell.options and files.resolve(target, shell.cwd) is not None:
        raise FileProblem("cannot overwrite existing file")
    store("", ">>" in operator)
    cwd, user, umask = shell.cwd, shell.user, shell.umask
    return Written(target, lambda text: files.write(target, cwd, user, text, append=True, umask=umask))


def _device(shell: Shell, place: bytes, operator: str) -> Stream:
    found = _PROCESS_FD.fullmatch(place)
    number = _STREAMS.get(place, int(found[1][:9]) if found else None)
    if number is not None:
        if number not in shell.streams:
            raise FileProblem("No such file or directory")
        return shell.streams[number]
    if place == b"/dev/null":
        return Stream()
    if operator in ("<", "<>"):
        return Collected(Unknown(f"the contents of {to_text(place)}", filled=place in BY_ENGINE))
    if place not in DEVICES:
        shell.world.doubt(f"{shell.where}: writes to {to_text(place)}")
    return Stream()


def contents(shell: Shell, path: str) -> Value:
    """What a program reads from the file at `path`. Raises FileProblem."""
    files = shell.world.files
    place = files.mounted(path, shell.cwd)
    if place is not None:
        return _device(shell, place, "<").read()
    found = files.resolve(path, shell.cwd)
    if found is None:
        raise FileProblem("No such file or directory")
    return files.read(*found, shell.user)
