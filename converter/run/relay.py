"""Carrying a virtual machine's streams between its sockets and ours, byte by byte as they are."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable

from converter.run.control import EXIT, MessageReader, exit_status, signal_message, window_message
from converter.run.symbols import SymbolTable

_CHUNK = 1 << 16
PORTS = ("control", "in", "out", "err", "log")


class Relay:
    """Five socket pairs: `theirs` go to the machine, threads carry what comes and goes over ours."""

    def __init__(self, symbols: SymbolTable) -> None:
        pairs = {name: socket.socketpair() for name in PORTS}
        self._ours = {name: pair[0] for name, pair in pairs.items()}
        self.theirs = {name: pair[1] for name, pair in pairs.items()}
        self._symbols = symbols
        self._threads: list[threading.Thread] = []
        self.status: int | None = None  # what the guest said it ended with

    def start(self, *, pass_input: bool) -> None:
        """Begin, after the machine has its ends."""
        for end in self.theirs.values():
            end.close()
        if pass_input:
            # Nobody can interrupt a read of the terminal, so this one is not waited for at the end.
            threading.Thread(target=self._input, daemon=True).start()
        else:
            self._ours["in"].shutdown(socket.SHUT_WR)
        for work in (self._output("out", 1), self._output("err", 2), self._log, self._control):
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
        self._tell(signal_message(number))

    def resize(self, rows: int, columns: int) -> None:
        self._tell(window_message(rows, columns))

    def _tell(self, message: bytes) -> None:
        try:
            self._ours["control"].sendall(message)
        except OSError:
            return  # the machine is gone, and so is who should hear it

    def _input(self) -> None:
        end = self._ours["in"]
        try:
            while data := os.read(0, _CHUNK):
                end.sendall(data)
            end.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _output(self, name: str, fd: int) -> Callable[[], None]:
        def carry() -> None:
            end = self._ours[name]
            try:
                while data := end.recv(_CHUNK):
                    view = memoryview(data)
                    while view:
                        view = view[os.write(fd, view) :]
            except BrokenPipeError:
                # Nobody reads our output any more: the program learns it by EPIPE.
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

        return carry

    def _log(self) -> None:
        with self._ours["log"].makefile("r", errors="replace", newline="\n") as lines:
            try:
                for line in lines:
                    print(self._symbols.annotate(line.rstrip("\n")), file=sys.stderr, flush=True)
            except OSError:
                return

    def _control(self) -> None:
        reader = MessageReader()
        try:
            while data := self._ours["control"].recv(_CHUNK):
                for kind, contents in reader.feed(data):
                    if kind == EXIT:
                        self.status = exit_status(contents)
        except OSError:
            return
