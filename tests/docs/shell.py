"""One bash that runs the commands of a page one after the other, as somebody who follows the page would."""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.docs.pages import Command

_END = "=== end of a documented command:"


class WrongPageError(AssertionError):
    """A command does not do what the page says."""


class Shell:
    """Folder and variables stay from one command to the next; standard input is empty, errors are output."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, command: str, seconds: float) -> tuple[str, int]:
        """What it says, and its status. WrongPageError when it takes longer, or ends the shell."""
        assert self._process.stdin is not None
        script = f"eval {shlex.quote(command)} </dev/null\nprintf '\\n{_END} %s\\n' $?\n"
        self._process.stdin.write(script.encode())
        self._process.stdin.flush()
        said = b""
        deadline = time.monotonic() + seconds
        while not (ended := re.search(rf"\n{_END} (\d+)\n\Z".encode(), said)):
            piece = self._read(deadline)
            said += piece
            if not piece:
                text = said.decode(errors="replace")
                raise WrongPageError(f"it did not end in {seconds:g} s, or ended the shell; it said: {text}")
        return said[: ended.start()].decode(errors="replace"), int(ended[1])

    def _read(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
            return b""
        return os.read(self._process.stdout.fileno(), 1 << 16)

    def close(self) -> None:
        """End it; what it has left running is for the caller to end."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()  # not read to its end: what still runs may hold the other one


def matches(expected: Sequence[str], said: str) -> bool:
    """Whether all lines are as expected: `...` is any text of a line, alone any number of lines.

    A line that begins with two blanks is a row of figures: its numbers stand for any, and so do its widths.
    """
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*".join(_text(piece, line) for piece in line.split("...")) + r"[ \t]*\n"
    return re.fullmatch(pattern, f"{said.rstrip()}\n") is not None


def _text(piece: str, line: str) -> str:
    pattern = re.escape(piece)
    if not line.startswith("  "):
        return pattern
    return re.sub(r"(?:\\ )+", " +", re.sub(r"\d+(?:\\\.\d+)?", r"[0-9.]+", pattern))


def follow(shell: Shell, commands: Sequence[Command], seconds: float) -> None:
    """Run all of them. WrongPageError for the first that does not do what the page says."""
    for command in commands:
        try:
            said, status = shell.run(command.text, seconds)
            if os.environ.get("U2K_DOCS_SHOW"):  # for who writes a page
                print(f"$ {command.text}\n{said}")
        except WrongPageError as error:
            raise WrongPageError(f"line {command.line}: $ {command.text}\n{error}") from None
        wrong = []
        if status != command.status:
            wrong.append(f"its status is {status}, not {command.status}")
        if command.output and not matches(command.output, said):
            wrong.append("it does not say:\n" + "\n".join(f"  {line}" for line in command.output))
        if wrong:
            raise WrongPageError(
                f"line {command.line}: $ {command.text}\n" + "\n".join(wrong) + f"\nit says:\n{said}"
            )
