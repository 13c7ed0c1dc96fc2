"""Code blocks of Markdown pages: the commands of ```console blocks, and what else looks like a command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>```+)(?P<info>.*)$")
_COMMAND = re.compile(r"(\$ |sudo |u2k |python3? |pip |docker |podman |\./scripts/|\S+/u2k )")


@dataclass(frozen=True)
class Block:
    """A code block. line: the first one's number. info: behind the fence; None: it is indented."""

    line: int
    info: str | None
    lines: tuple[str, ...]

    @property
    def runs(self) -> bool:
        return self.info is not None and self.info.split()[:1] == ["console"]

    @property
    def shows_commands(self) -> bool:
        return any(_COMMAND.match(line) for line in self.lines)


@dataclass(frozen=True)
class Command:
    """line: in the page. status: which it must end with. output: expected lines; none: whatever."""

    line: int
    text: str
    output: tuple[str, ...] = ()
    status: int = 0


def blocks(text: str) -> Iterator[Block]:
    """Fenced blocks, and those of lines that are indented by four spaces behind an empty line."""
    lines, at = text.splitlines(), 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        begin = at + 1 if fence else at
        if fence:
            end = begin
            while end < len(lines) and lines[end].strip() != fence["ticks"]:
                end += 1
            found = tuple(line.removeprefix(fence["indent"]) for line in lines[begin:end])
            yield Block(begin + 1, fence["info"].strip(), found)
            at = end + 1
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            end = at
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            yield Block(begin + 1, None, tuple(line[4:] for line in lines[begin:end]))
            at = end
        else:
            at += 1


def commands(block: Block) -> list[Command]:
    """`$ ` begins a command, `> ` goes on with it, all else is its output.

    A block `console status=N` has a last command that must end with status N. ValueError for output that
    belongs to no command.
    """
    found: list[Command] = []
    for number, line in enumerate(block.lines, block.line):
        if line.startswith("$ "):
            found.append(Command(number, line[2:]))
        elif not found:
            raise ValueError(f"line {number}: {line!r} belongs to no command")
        elif (line == ">" or line.startswith("> ")) and not found[-1].output:
            found[-1] = Command(found[-1].line, f"{found[-1].text}\n{line[2:]}")
        else:
            found[-1] = Command(found[-1].line, found[-1].text, (*found[-1].output, line.rstrip()))
    status = re.search(r"\bstatus=(\d+)", block.info or "")
    if status and found:
        last = found[-1]
        found[-1] = Command(last.line, last.text, last.output, int(status[1]))
    return found


def commands_of(page: Path) -> list[Command]:
    """All that are run of a page, in their order."""
    return [command for block in blocks(page.read_text()) if block.runs for command in commands(block)]
