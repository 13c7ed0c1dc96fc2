"""podman's service with docker's API, of the test's own, with its own storage and socket."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.builders.dockerd import NoEngineError

_READY = 60  # seconds until it answers
_END = 20  # seconds that it may take to end


@dataclass(frozen=True)
class Podman:
    """A service that answers. folder: its storage, and the socket `podman.sock`."""

    folder: Path

    @property
    def address(self) -> str:
        """What CONTAINER_HOST and DOCKER_HOST take."""
        return f"unix://{self.folder}/podman.sock"

    def podman(self, *words: str | Path) -> str:
        """Standard output of `podman WORDS` on the same storage."""
        command = [*_command(self.folder), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def load(self, archive: Path, name: str) -> None:
        """An OCI archive becomes the image `name` there."""
        image = self.podman("pull", "-q", f"oci-archive:{archive}").strip()
        self.podman("tag", image, name)


@contextmanager
def podman_service() -> Iterator[Podman]:
    """Errors: NoEngineError where podman is absent, or cannot serve."""
    if shutil.which("podman") is None:
        raise NoEngineError("podman is not here (Debian: apt-get install podman)")
    # Not below pytest's folder: a socket's path has at most 107 bytes (unix(7)).
    folder = Path(tempfile.mkdtemp(prefix="u2k-podman-", dir="/tmp"))
    service = Podman(folder)
    process: subprocess.Popen[bytes] | None = None
    try:
        command = [*_command(folder), "system", "service", "--time=0", service.address]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _wait(process, folder)
        yield service
    finally:
        if process is not None:
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _command(folder: Path) -> list[str]:
    storage = [f"--root={folder}/root", f"--runroot={folder}/run", "--storage-driver=vfs"]
    return ["podman", *storage, f"--tmpdir={folder}/tmp", "--cgroup-manager=cgroupfs", "--log-level=error"]


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _READY
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(os.fspath(folder / "podman.sock")) == 0:
                return
        time.sleep(0.1)
    said = (folder / "log").read_text(errors="replace").splitlines()[-3:]
    raise NoEngineError(f"podman does not serve here: {' | '.join(said)}")
