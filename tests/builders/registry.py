"""A registry of the test's own: Debian's docker-registry on loopback, plain HTTP, nothing to prove."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_READY = 30  # seconds


class NoRegistryError(Exception):
    """Why there can be none here: the reason to skip a test with."""


@contextmanager
def plain_registry(folder: Path, port: int = 0) -> Iterator[str]:
    """HOST:PORT of a registry whose data and log are in `folder`; port 0: a free one.

    Errors: NoRegistryError where docker-registry is absent.
    """
    if shutil.which("docker-registry") is None:
        raise NoRegistryError("docker-registry is not here (Debian: apt-get install docker-registry)")
    if port == 0:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    config = folder / f"{port}.yml"  # several can share a folder
    config.write_text(json.dumps(settings))  # JSON is YAML
    log_file = folder / f"{port}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", config],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(process, port, log_file)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text(errors="replace")
        time.sleep(0.05)
    raise AssertionError("docker-registry does not listen")
