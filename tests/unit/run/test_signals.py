"""Signals reach the program whatever the main thread does, and those that came before there was one."""

from __future__ import annotations

import os
import signal
import threading
import time

from converter.run.signals import forwarding


def test_a_main_thread_in_a_system_call_holds_nothing_up() -> None:
    """As in the moment between Python's look for signals and its read(2), which nothing then interrupts.

    That moment cannot be met on purpose; a signal that another thread takes leaves the read alone as well.
    """
    asleep, wake = os.pipe()
    got: list[int] = []

    def send(number: int) -> None:
        got.append(number)
        os.write(wake, b"x")

    def take() -> None:
        time.sleep(0.2)  # for the main thread to be in its read
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)

    too_late = threading.Timer(20, os.write, (wake, b"-"))
    with forwarding(resizes=False) as signals:
        signals.pass_to(send)
        other = threading.Thread(target=take)
        too_late.start()
        other.start()
        assert os.read(asleep, 1) == b"x"
        too_late.cancel()
        other.join()
    assert got == [signal.SIGUSR2]
    os.close(asleep)
    os.close(wake)


def test_what_came_early_is_kept_in_its_order() -> None:
    got: list[int] = []
    with forwarding(resizes=True) as signals:
        for number in (signal.SIGUSR1, signal.SIGWINCH, signal.SIGTERM):
            signal.raise_signal(number)
        signals.pass_to(got.append)
        signal.raise_signal(signal.SIGHUP)
    assert got == [signal.SIGUSR1, signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP]


def test_afterwards_all_is_as_it_was() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with forwarding(resizes=False):
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_ignored_is_not_taken() -> None:
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with forwarding(resizes=False):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, old)
