"""A Docker engine of the test's own: its own data, socket and pid; the host's engine is not touched."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_READY = 60  # seconds until it answers; a busy machine takes ten
_END = 30  # seconds that it may take to end its containers


class NoEngineError(Exception):
    """Why no engine can be started here: the reason to skip a test with."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    address: what DOCKER_HOST takes
    config:  an empty folder for DOCKER_CONFIG, so that no context or credential of the user's counts
    """

    address: str
    config: Path
    log: Path

    def environment(self) -> dict[str, str]:
        """This process's, with the client led here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        return {**kept, "DOCKER_HOST": self.address, "DOCKER_CONFIG": str(self.config)}

    def docker(self, *words: str | Path, timeout: float = 120) -> str:
        """Standard output of `docker WORDS`; AssertionError with what it said when it fails."""
        command = ["docker", *map(str, words)]
        done = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def load(self, archive: Path, name: str) -> None:
        """An OCI archive becomes the image `name` there, by way of skopeo, which engines before 25 need."""
        with tempfile.TemporaryDirectory(prefix="u2k-load-") as folder:
            saved = Path(folder) / "saved.tar"
            copy = ["skopeo", "copy", "-q", f"oci-archive:{archive}", f"docker-archive:{saved}:{name}"]
            subprocess.run(copy, check=True, capture_output=True)
            self.docker("load", "-q", "-i", saved)


@contextmanager
def docker_engine(*options: str, tcp: bool = False) -> Iterator[Engine]:
    """An engine without networks of its own: containers have none, or the host's (`--network host`).

    options: more of dockerd(8)'s
    tcp:     it listens at a free port of loopback, without TLS; else at a socket file
    Errors: NoEngineError where dockerd is absent, or this user may not start it.
    """
    for program, package in (("dockerd", "docker.io"), ("docker", "docker.io or docker-cli")):
        if shutil.which(program) is None:
            raise NoEngineError(f"{program} is not here (Debian: apt-get install {package})")
    if os.geteuid() != 0:
        raise NoEngineError("dockerd needs root")
    # Not below pytest's folder: a socket's path has at most 107 bytes (unix(7)).
    folder = Path(tempfile.mkdtemp(prefix="u2k-dockerd-", dir="/tmp"))
    (folder / "config").mkdir()
    address = f"tcp://127.0.0.1:{_free_port()}" if tcp else f"unix://{folder}/docker.sock"
    engine = Engine(address, folder / "config", folder / "log")
    process: subprocess.Popen[bytes] | None = None
    try:
        with engine.log.open("wb") as log:
            command = [*_command(folder, address), *options]
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        _wait(process, engine)
        yield engine
    finally:
        if process is not None:
            _end(process)
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _command(folder: Path, address: str) -> Sequence[str]:
    return [
        "dockerd",
        f"--config-file={_empty_settings(folder)}",
        f"--host={address}",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        "--iptables=false",
        "--ip6tables=false",
        "--bridge=none",
    ]


def _empty_settings(folder: Path) -> Path:
    """In place of /etc/docker/daemon.json, which is of this machine's engine."""
    path = folder / "daemon.json"
    path.write_text("{}")
    return path


def _wait(process: subprocess.Popen[bytes], engine: Engine) -> None:
    """Until the engine answers. NoEngineError, with its last words, when it ends or never does."""
    deadline = time.monotonic() + _READY
    asking = ["docker", "version", "--format", "{{.Server.Version}}"]
    while time.monotonic() < deadline and process.poll() is None:
        if subprocess.run(asking, env=engine.environment(), capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    said = engine.log.read_text(errors="replace").splitlines()[-3:]
    raise NoEngineError(f"dockerd does not start here: {' | '.join(said)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """By a signal, on which it ends its containers and its containerd; by force when that does not help."""
    process.terminate()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _unmount(folder: Path) -> None:
    """What an engine that ended badly leaves mounted would keep its folder."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for path in reversed([each for each in mounts if each.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
