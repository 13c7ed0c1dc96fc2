"""Passing the host's signals on to the program, while the runner itself stays to fetch its status."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

FORWARDED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


class Forwarding:
    """Takes signals, and keeps them until there is somebody to pass them to.

    Python runs a handler between two steps of the main thread, and so, of a signal that comes just before
    that thread blocks in a system call, only after the call: which may be when the program ends, and that
    may wait for the signal. The number that the interpreter writes at once (signal.set_wakeup_fd) is what
    counts here, and a thread of ours reads it.
    """

    def __init__(self, numbers: socket.socket) -> None:
        self._numbers = numbers
        self._thread: threading.Thread | None = None

    def pass_to(self, send: Callable[[int], None]) -> None:
        """From now on `send(signo)` gets each signal, in a thread, first those that have come already."""
        self._thread = threading.Thread(target=self._pass, args=(send,), daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """After no more can come: until what came has been passed on."""
        if self._thread is not None:
            self._thread.join()

    def _pass(self, send: Callable[[int], None]) -> None:
        while numbers := self._numbers.recv(256):
            for number in numbers:
                send(number)


@contextmanager
def forwarding(*, resizes: bool) -> Iterator[Forwarding]:
    """While the block runs, no signal ends this process, and none is lost.

    To be entered by the main thread before the program starts: it may ask for signals before we know that it
    runs. With `resizes` SIGWINCH is among them.
    """
    # What we were told to ignore (nohup(1), a shell's background commands) stays ignored.
    wanted = [number for number in FORWARDED if signal.getsignal(number) != signal.SIG_IGN]
    if resizes:
        wanted.append(signal.SIGWINCH)
    with contextlib.ExitStack() as stack:
        read_end, write_end = socket.socketpair()
        stack.enter_context(read_end)
        passed = Forwarding(read_end)
        stack.callback(passed.finish)
        stack.enter_context(write_end)
        write_end.setblocking(False)  # as set_wakeup_fd wants it
        before = signal.set_wakeup_fd(write_end.fileno(), warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, before)
        for number in wanted:
            stack.callback(signal.signal, number, signal.signal(number, _taken))
        yield passed


def _taken(_number: int, _frame: FrameType | None) -> None:
    """Its number is written already."""
