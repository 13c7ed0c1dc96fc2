"""Debian's docker-registry, started for a test on loopback and stopped after it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.builders.certificates import Certificates
from tests.builders.token_server import ISSUER, SERVICE, TokenServer

_READY = 30  # seconds
_ALICE = (
    "alice:$2y$04$/FF0cI/feOOoGvJ/rySeb.C/jzicE5ojsvdEFQE0kKTRP6J6QJrMO\n"  # htpasswd -nbBC 4 alice s3cret
)


class NoRegistryError(Exception):
    """Why there can be none here: the reason to skip a test with."""


@dataclass(frozen=True)
class DockerRegistry:
    """HOST:PORT of one that answers; `credentials` are USER:PASSWORD for those who push to it."""

    host: str
    credentials: str = ""

    def push(self, archive: Path, name: str, *options: str) -> None:
        """An OCI archive, by skopeo."""
        login = [f"--dest-creds={self.credentials}"] if self.credentials else []
        command = ["skopeo", "copy", "-q", "--all", "--dest-tls-verify=false", *login, *options]
        subprocess.run([*command, f"oci-archive:{archive}", f"docker://{self.host}/{name}"], check=True)


@contextmanager
def docker_registry(
    folder: Path,
    *,
    tls: Certificates | None = None,
    passwords: bool = False,
    tokens: TokenServer | None = None,
    port: int = 0,
) -> Iterator[DockerRegistry]:
    """One whose data and log are in `folder`, which several can share, each at a port of its own.

    tls:       what it shows; else it speaks plain HTTP
    passwords: it wants alice's, s3cret, for everything (Basic)
    tokens:    it wants those of this server (Bearer)
    port:      0: a free one
    Errors: NoRegistryError where docker-registry or skopeo is absent.
    """
    for program in ("docker-registry", "skopeo"):
        if shutil.which(program) is None:
            raise NoRegistryError(f"{program} is not here (Debian: apt-get install {program})")
    folder.mkdir(parents=True, exist_ok=True)
    if port == 0:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
    settings: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if tls is not None:
        settings["http"]["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
    if passwords:
        (folder / "htpasswd").write_text(_ALICE)
        settings["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    if tokens is not None:
        bundle = str(tokens.certificates.authority)
        told = {"realm": tokens.realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": bundle}
        settings["auth"] = {"token": told}
    (folder / f"{port}.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (folder / f"{port}.log").open("wb") as log:
        command = ["docker-registry", "serve", str(folder / f"{port}.yml")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait(process, port, folder / f"{port}.log")
        yield DockerRegistry(f"localhost:{port}", "alice:s3cret" if passwords or tokens else "")
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
