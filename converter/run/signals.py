"""Passing the host's signals on to the program, while the runner itself stays to fetch its status."""

from __future__ import annotations

import signal
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
    """Takes signals, and keeps them until there is somebody to pass them to."""

    def __init__(self) -> None:
        self._send: Callable[[int], None] | None = None
        self._early: list[int] = []

    def pass_to(self, send: Callable[[int], None]) -> None:
        """From now on `send(signo)` gets each signal, first those that have come already."""
        self._send = send
        while self._early:
            send(self._early.pop(0))

    def take(self, number: int, _: FrameType | None) -> None:
        if self._send is None:
            self._early.append(number)
        else:
            self._send(number)


@contextmanager
def forwarding(*, resizes: bool) -> Iterator[Forwarding]:
    """While the block runs, no signal ends this process, and none is lost.

    To be entered before the program starts: it may ask for signals before we know that it runs. With
    `resizes` SIGWINCH is among them.
    """
    passed = Forwarding()
    # What we were told to ignore (nohup(1), a shell's background commands) stays ignored.
    wanted = [number for number in FORWARDED if signal.getsignal(number) != signal.SIG_IGN]
    if resizes:
        wanted.append(signal.SIGWINCH)
    before = {number: signal.signal(number, passed.take) for number in wanted}
    try:
        yield passed
    finally:
        for number, old in before.items():
            signal.signal(number, old)
