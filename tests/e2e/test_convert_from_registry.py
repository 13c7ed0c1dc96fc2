"""A real registry on loopback, without an engine: push a fixture, convert it from there, run it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.push import push

Command = Callable[..., subprocess.CompletedProcess[bytes]]

SETTINGS = """\
version: 0.1
log: {{ level: error }}
storage: {{ filesystem: {{ rootdirectory: "{folder}" }} }}
http: {{ addr: "127.0.0.1:{port}" }}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """HOST:PORT of Debian's docker-registry, stopped at the end."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not here (Debian: apt-get install docker-registry)")
    port = free_port()
    settings = tmp_path / "registry.yml"
    settings.write_text(SETTINGS.format(folder=tmp_path / "registry", port=port))
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", settings], stdout=log, stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (tmp_path / "registry.log").read_text()
            time.sleep(0.1)
        yield f"localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def test_convert_and_run_from_a_registry(
    registry: str, image: Callable[[str], Path], u2k: Command, tmp_path: Path
) -> None:
    reference = f"{registry}/some/hello:1.0"
    digest = push(image("hello-static"), reference)
    for number, source in enumerate((reference, f"{registry}/some/hello@{digest}")):
        out = tmp_path / f"{number}.u2k"
        converted = u2k("convert", source, "-o", out)
        assert converted.returncode == 0, converted.stderr.decode()
        done = u2k("run", "--on", "process", out)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.startswith(b"GREETING=bonjour, 0 arguments\n")


def test_a_tag_that_is_not_there(registry: str, u2k: Command, tmp_path: Path) -> None:
    done = u2k("convert", f"{registry}/some/nothing:1", "-o", tmp_path / "x.u2k")
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "x.u2k").exists()
