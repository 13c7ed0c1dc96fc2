"""The host's terminal while a program owns it: raw where the library OS edits lines (part tty)."""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from converter.errors import RunError

_STDIN, _STDOUT = 0, 1


@contextmanager
def whole_terminal(*, raw: bool) -> Iterator[None]:
    """Standard input, in raw mode if asked for; put back whatever happens. RunError if it is no terminal."""
    if not os.isatty(_STDIN):
        raise RunError("standard input is not a terminal", where="-t", hint="leave -t away")
    before = termios.tcgetattr(_STDIN)
    try:
        if raw:
            tty.setraw(_STDIN, termios.TCSANOW)  # what was typed already is the program's
        yield
    finally:
        termios.tcsetattr(_STDIN, termios.TCSANOW, before)


def terminal_size() -> tuple[int, int]:
    """Rows and columns of the terminal behind standard output or input; 24x80 if nobody knows."""
    for stream in (_STDOUT, _STDIN):
        try:
            size = os.get_terminal_size(stream)
        except OSError:
            continue
        return size.lines, size.columns
    return 24, 80
