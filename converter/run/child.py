"""The process that runs the program, or its machine: never left behind, and on streams that are there."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from converter.run.request import RunRequest

_PR_SET_PDEATHSIG = 1
_STREAMS = (0, 1, 2)


def end_with_us() -> Callable[[], None] | None:
    """What the child calls between fork and exec, so that it does not outlive this process (prctl(2)).

    Only Linux has such a promise.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork
    parent = os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call: nobody would send the signal
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def open_closed_streams() -> None:
    """Put /dev/null where standard input, output or error is closed.

    Otherwise the next file or pipe that is opened would take that number, and the program's data.
    """
    for number in _STREAMS:
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            os.set_inheritable(opened, True)
    # Python has None for what was closed when it started, and its own messages want to go somewhere.
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def has_input(request: RunRequest) -> bool:
    """Whether the program gets our standard input, and there is something other than /dev/null."""
    wanted = request.interactive or request.terminal
    return wanted and not os.path.samestat(os.fstat(0), Path(os.devnull).stat())
