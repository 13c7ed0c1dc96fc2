"""An engine on another machine, over ssh: a local socket, each connection of which is a command there.

The command is docker's own for this (`docker system dial-stdio`); ssh's keys, agent and configuration count.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from converter.errors import SourceError
from converter.image.engine.address import EngineAddress

_CONNECT = 30  # seconds, as docker's client has it
_END = 5  # seconds that ssh may take to end
_WORDS = 4096  # bytes of what it complained last


class Tunnel:
    """Listens at `url` until it is closed. Errors: SourceError for an address that makes no sense."""

    def __init__(self, address: EngineAddress) -> None:
        self._command = _command(address)
        self._folder = tempfile.TemporaryDirectory(prefix="u2k-ssh-")
        path = Path(self._folder.name) / "socket"
        self.url = f"unix://{path}"
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
        self._running: list[subprocess.Popen[bytes]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            with connection:
                try:
                    process = subprocess.Popen(
                        self._command,
                        stdin=connection.fileno(),
                        stdout=connection.fileno(),
                        stderr=self._complaints,
                        start_new_session=True,  # an interrupt is for us, and we end it
                    )
                except OSError as error:
                    self._complaints.write(f"{self._command[0]}: {error.strerror}\n".encode())
                    self._complaints.flush()
                    continue
                self._running.append(process)

    def last_words(self) -> str:
        """The last line that ssh, or the command there, complained with."""
        for process in self._running:
            try:
                process.wait(_END)  # its connection has ended, and with it what it wanted to say
            except subprocess.TimeoutExpired:
                continue
        size = self._complaints.seek(0, 2)
        self._complaints.seek(max(0, size - _WORDS))
        lines = self._complaints.read(_WORDS).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def closing(self, close: Callable[[], None]) -> Callable[[], None]:
        """`close`, and then the tunnel as well."""

        def both() -> None:
            close()
            self.close()

        return both

    def close(self) -> None:
        # Without shutdown() the thread would stay in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for process in self._running:
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._complaints.close()
        self._folder.cleanup()


def _command(address: EngineAddress) -> list[str]:
    parts = urlsplit(address.url)
    if not parts.hostname:
        raise SourceError("there is no host in it", where=str(address), hint="write ssh://[USER@]HOST[:PORT]")
    there = ["podman"] if address.podman else ["docker"]
    if parts.path.strip("/"):
        there += ["--url" if address.podman else "--host", f"unix://{parts.path}"]
    words = ["ssh", "-T", "-o", f"ConnectTimeout={_CONNECT}"]
    if parts.username:
        words += ["-l", parts.username]
    if parts.port:
        words += ["-p", str(parts.port)]
    return [*words, "--", parts.hostname, shlex.join([*there, "system", "dial-stdio"])]
