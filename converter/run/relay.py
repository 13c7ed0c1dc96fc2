"""Carrying a virtual machine's streams between its sockets and ours, byte by byte as they are."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
from collections.abc import Callable

from converter.run.control import EXIT, MessageReader, exit_status, signal_message, window_message
from converter.run.log import Log
from converter.run.terminal import terminal_size

_CHUNK = 1 << 16


class Relay:
    """Socket pairs, one a port: `theirs` go to the machine, threads carry what comes and goes over ours.

    Without `pass_input` there is no port for input: the program finds /dev/null there.
    """

    def __init__(self, log: Log, *, pass_input: bool) -> None:
        names = ("control", *(("in",) if pass_input else ()), "out", "err", "log")
        pairs = {name: socket.socketpair() for name in names}
        self._ours = {name: pair[0] for name, pair in pairs.items()}
        self.theirs = {name: pair[1] for name, pair in pairs.items()}
        self._log = log
        self._threads: list[threading.Thread] = []
        self.status: int | None = None  # what the guest said it ended with

    def start(self) -> None:
        """Begin, after the machine has its ends."""
        for end in self.theirs.values():
            end.close()
        if "in" in self._ours:
            # Nobody can interrupt a read of the terminal, so this one is not waited for at the end.
            threading.Thread(target=self._input, daemon=True).start()
        for work in (self._output("out", 1), self._output("err", 2), self._carry_log, self._control):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads.append(thread)

    def finish(self) -> None:
        """After the machine has ended: everything it said is passed on."""
        for thread in self._threads:
            thread.join()
        for end in self._ours.values():
            end.close()

    def signal(self, number: int) -> None:
        """Pass on what we got ourselves; SIGWINCH is told as the size that the terminal has now."""
        if number == signal.SIGWINCH:
            self._tell(window_message(*terminal_size()))
        else:
            self.give(number)

    def give(self, number: int) -> None:
        """A signal for the program, whichever."""
        self._tell(signal_message(number))

    def _tell(self, message: bytes) -> None:
        try:
            self._ours["control"].sendall(message)
        except OSError:
            return  # the machine is gone, and so is who should hear it

    def _input(self) -> None:
        end = self._ours["in"]
        with contextlib.suppress(OSError):  # the machine has ended, or the terminal has gone
            while data := _read(0):
                end.sendall(data)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_WR)

    def _output(self, name: str, fd: int) -> Callable[[], None]:
        def carry() -> None:
            end = self._ours[name]
            try:
                while data := end.recv(_CHUNK):
                    _write(fd, data)
            except OSError:
                # Nobody reads our output any more, or the disk is full: the program learns it by EPIPE.
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        return carry

    def _carry_log(self) -> None:
        with (
            contextlib.suppress(OSError),
            self._ours["log"].makefile("r", errors="replace", newline="\n") as lines,
        ):
            self._log.carry(lines)

    def _control(self) -> None:
        reader = MessageReader()
        try:
            while data := self._ours["control"].recv(_CHUNK):
                for kind, contents in reader.feed(data):
                    if kind == EXIT:
                        self.status = exit_status(contents)
        except OSError:
            return


# Whoever started us may have set O_NONBLOCK on what we share with others, so both may have to wait.


def _read(fd: int) -> bytes:
    while True:
        try:
            return os.read(fd, _CHUNK)
        except BlockingIOError:
            select.select([fd], [], [])


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            select.select([], [fd], [])
