"""The host's terminal while a program owns it: raw, since the library OS has the line discipline."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from converter.errors import RunError


@contextmanager
def raw_terminal() -> Iterator[None]:
    """Raw mode on standard input; put back whatever happens. RunError if it is no terminal."""
    if not sys.stdin.isatty():
        raise RunError("standard input is not a terminal", hint="leave -t away")
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def terminal_size() -> tuple[int, int]:
    """Rows and columns of the terminal behind standard output or input; 24x80 if nobody knows."""
    for stream in (sys.stdout, sys.stdin):
        try:
            size = os.get_terminal_size(stream.fileno())
        except (OSError, ValueError):
            continue
        return size.lines, size.columns
    return 24, 80
