"""A proxy of TCP connections that cuts them after so many bytes from the client, or holds the bytes back."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class CuttingProxy:
    """Listens on `port`, in front of the local port `target`.

    cuts:  bytes from clients after which connections end, one cut after the other; then nothing is cut
    stall: bytes from clients after which `stalled` is set, and nothing more is passed on
    """

    def __init__(self, target: int, cuts: Sequence[int], stall: int | None) -> None:
        self._target, self._cuts, self._stall = target, list(cuts), stall
        self._lock = threading.Lock()
        self._received = 0  # since the last cut
        self.total = 0
        self.stalled = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                for ends in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if counted and self._is_end(len(data)):
                    break
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _is_end(self, size: int) -> bool:
        with self._lock:
            self._received += size
            self.total += size
            if self._stall is not None and self.total >= self._stall:
                self.stalled.set()
            elif self._cuts and self._received >= self._cuts[0]:
                self._received = 0
                self._cuts.pop(0)
                return True
        while self.stalled.is_set():
            threading.Event().wait(0.1)
        return False


@contextmanager
def cutting(target: int, cuts: Sequence[int] = (), *, stall: int | None = None) -> Iterator[CuttingProxy]:
    """A proxy as long as the block lasts."""
    proxy = CuttingProxy(target, cuts, stall)
    try:
        yield proxy
    finally:
        proxy.close()
        proxy.stalled.clear()
