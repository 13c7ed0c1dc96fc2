"""Lines of strace's log (strace -f -n -y) as values.

A call that another process's line cuts in two (`<unfinished ...>`, `<... NAME resumed>`) is put together.
Only the outer shape is read for every line; arguments are split when they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# PID [NUMBER] REST; the number is of the call, in the calling process's architecture.
_LINE = re.compile(r"(?P<pid>\d+) +\[ *(?P<number>[0-9a-fA-Fx?]+)\] (?P<rest>.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)", re.DOTALL)
_SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (?P<by>\d+) \+\+\+")
_EXIT = re.compile(r"\+\+\+ (?:exited with (?P<status>\d+)|killed by (?P<signal>SIG\w+|\S+).*) \+\+\+")
# The codes of a signal that somebody sent begin with SI_ (sigaction(2)); SI_KERNEL is the exception.
_SIGNAL = re.compile(r"--- (?P<name>SIG\w+) \{si_signo=\w+, si_code=(?P<code>\w+)")
_MODE = re.compile(r"\[ Process PID=\d+ runs in (?P<bits>.+) mode\. \]")
_UNFINISHED = (" <unfinished ...>", "<unfinished ...>")
_CHANGED = re.compile(r" *<pid changed to \d+ \.\.\.>$")
_CALL = re.compile(r"(?P<name>\w+)\(")
_PIECE = re.compile(
    r"""
      "(?:[^"\\]|\\.)*"(?:\.\.\.)?          # a string, perhaps cut
    | (?<=[0-9D])<(?:[^<>\\]|\\.)*>(?:\(deleted\))?   # what a descriptor is
    | [\[{(] | [\]})] | ,[ ]?                 # structure
    | [^"\[\](){},<]+ | <                     # anything else
    """,
    re.VERBOSE | re.DOTALL,
)
_STRING = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"(?P<cut>\.\.\.)?', re.DOTALL)
_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "b": "\b"}
_DESCRIPTOR = re.compile(r"(?:\d+|AT_FDCWD)<(?P<what>(?:[^<>\\]|\\.)*)>(?P<deleted>\(deleted\))?", re.DOTALL)
_OUTER_PID = re.compile(r"(?P<inner>\d+)(?: /\* (?P<outer>\d+) in strace's PID NS \*/)?")
_LONGEST = 4 << 20  # characters of one line that are looked at


@dataclass(frozen=True, slots=True)
class Entered:
    """A call that began and was cut off by another process's line; its `Call` comes later, or never."""

    pid: int
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call, or one that never returns (exit). `number` is None when strace does not say it.

    foreign: by another table than the 64-bit one, as `int $0x80` on x86-64; the number is of that
    """

    pid: int
    number: int | None
    name: str
    text: str  # NAME(ARGUMENTS) = RESULT, as strace wrote it
    foreign: bool = False

    def split(self) -> tuple[list[str], str]:
        """The arguments and the result, each as strace wrote it. A cut line gives what there is."""
        arguments: list[str] = []
        depth, piece = 0, ""
        for match in _PIECE.finditer(self.text, len(self.name) + 1):
            part = match.group()
            if depth == 0 and part == ")":
                if piece or arguments:
                    arguments.append(piece.strip())
                return arguments, self.text[match.end() :].strip().removeprefix("= ").strip()
            if depth == 0 and part in (",", ", "):
                arguments.append(piece.strip())
                piece = ""
                continue
            if part in ("(", "[", "{"):
                depth += 1
            elif part in (")", "]", "}"):
                depth -= 1
            piece += part
        return [*arguments, piece.strip()], ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process or thread is gone: with `status`, or by `signal`."""

    pid: int
    status: int | None
    signal: str | None


@dataclass(frozen=True, slots=True)
class Superseded:
    """Thread `by` of process `pid` executed a program and goes on under the number `pid` (ptrace(2))."""

    pid: int
    by: int


@dataclass(frozen=True, slots=True)
class Signalled:
    """A process or thread got signal `name`. by_kernel: for what it did itself, a fault for instance."""

    pid: int
    name: str
    by_kernel: bool


Event = Call | Entered | Ended | Superseded | Signalled


class LogReader:
    """Turns lines into events. What is none of its lines (messages of strace) is kept in `said`."""

    _KEPT = 50

    def __init__(self) -> None:
        self._begun: dict[int, str] = {}
        self._foreign: set[int] = set()  # processes whose latest call was by another table
        self.said: list[str] = []

    def read(self, line: str) -> Iterator[Event]:
        """The events of one line, without its newline."""
        match = _LINE.match(line[:_LONGEST])
        if match is None:
            if line.strip() and len(self.said) < self._KEPT:
                self.said.append(line.strip()[:500])
            return
        pid, rest = int(match["pid"]), match["rest"]
        if rest.startswith("+++"):
            yield from self._end(pid, rest)
            return
        if rest.startswith("---"):
            if (signal := _SIGNAL.match(rest)) is not None:
                by_kernel = signal["code"] == "SI_KERNEL" or not signal["code"].startswith("SI_")
                yield Signalled(pid, signal["name"], by_kernel)
            return
        if rest.startswith("<... "):
            resumed = _RESUMED.match(rest)
            if resumed is None:
                return
            # A call that was under way when strace came has no beginning.
            rest = self._begun.pop(pid, resumed["name"] + "(") + resumed["rest"]
        for mark in _UNFINISHED:
            if rest.endswith(mark):
                rest = rest.removesuffix(mark)
                if (call := _CALL.match(rest)) is not None:
                    self._begun[pid] = rest
                    yield Entered(pid, call["name"])
                return
        if (changed := _CHANGED.search(rest)) is not None:
            self._begun[pid] = rest[: changed.start()]
            return
        call = _CALL.match(rest)
        if call is not None:
            number = int(match["number"]) if match["number"].isdigit() else None
            yield Call(pid, number, call["name"], rest, pid in self._foreign)
        elif (mode := _MODE.match(rest)) is not None:
            (self._foreign.discard if mode["bits"] == "64 bit" else self._foreign.add)(pid)

    def _end(self, pid: int, rest: str) -> Iterator[Event]:
        superseded = _SUPERSEDED.match(rest)
        if superseded is not None:
            by = int(superseded["by"])
            if by in self._begun:
                self._begun[pid] = self._begun.pop(by)
            yield Superseded(pid, by)
            return
        ended = _EXIT.match(rest)
        self._begun.pop(pid, None)
        self._foreign.discard(pid)
        if ended is not None:
            yield Ended(pid, int(ended["status"]) if ended["status"] else None, ended["signal"])


def failed(result: str) -> bool:
    """Whether the call gave an error, or never returned."""
    return result.startswith(("-1", "?")) or not result


def error_name(result: str) -> str | None:
    """ENOENT of `-1 ENOENT (No such file or directory)`."""
    words = result.split(" ", 2)
    return words[1] if words[0] == "-1" and len(words) > 1 else None


def string(argument: str) -> bytes | None:
    """A quoted string as the program had it; None for NULL, an address, or a string that strace cut."""
    match = _STRING.fullmatch(argument)
    return None if match is None or match["cut"] else _unescaped(match["text"])


def strings(argument: str) -> tuple[bytes, ...] | None:
    """A list of quoted strings; None if there is none, or it was cut."""
    if not argument.startswith("["):
        return None
    found, at = [], 1
    while (match := _STRING.match(argument, at)) is not None:
        if match["cut"]:
            return None
        found.append(_unescaped(match["text"]))
        at = match.end() + (2 if argument.startswith(", ", match.end()) else 0)
    return tuple(found) if argument[at:] == "]" else None


def descriptor(argument: str) -> bytes | None:
    """The path, or `socket:[N]`, that -y shows for a descriptor; None if it shows none, or a deleted one."""
    match = _DESCRIPTOR.match(argument)
    return None if match is None or match["deleted"] else _unescaped(match["what"])


def process_number(result: str) -> int | None:
    """The new process of a clone, as the log numbers it, whatever its own namespace calls it."""
    match = _OUTER_PID.match(result)
    return None if match is None else int(match["outer"] or match["inner"])


def _unescaped(text: str) -> bytes:
    if "\\" not in text:
        return text.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_character, text).encode("latin-1", "replace")


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    if code[0] == "x" and len(code) == 3:
        return chr(int(code[1:], 16))
    return _PLAIN_ESCAPES.get(code, code)
