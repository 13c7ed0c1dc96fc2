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


@contextmanager
def forwarding(send: Callable[[int], None], on_resize: Callable[[], None] | None = None) -> Iterator[None]:
    """While the block runs, `send(signo)` takes each signal that would end this process."""

    def handler(number: int, _: FrameType | None) -> None:
        send(number)

    # What we were told to ignore (nohup(1), a shell's background commands) stays ignored.
    wanted = [number for number in FORWARDED if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in wanted}
    if on_resize is not None:
        before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: on_resize())
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
