"""`docker u2k` from the real docker client: found, helped, completed; contexts, statuses and signals."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.builders.dockerd import Engine

pytestmark = pytest.mark.skipif(
    shutil.which("docker") is None, reason="docker is not here (Debian: apt-get install docker.io)"
)
METADATA_LIMIT = 0.050  # seconds: docker waits for it in `docker help`, and before each run


def client_version() -> int:
    """The first number of docker's version; 0: it is not here."""
    if shutil.which("docker") is None:
        return 0
    said = subprocess.run(["docker", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2].partition(".")[0])


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the plug-in is installed, and no engine is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    config = tmp_path_factory.mktemp("docker-config")
    own = {"DOCKER_CONFIG": str(config), "PYTHONPATH": ":".join(filter(None, sys.path))}
    install = [sys.executable, "-m", "converter", "plugin", "install"]
    subprocess.run(install, env=kept | own, check=True, capture_output=True)
    return kept | own


@pytest.fixture(scope="module")
def engine(engine: Engine, image: Callable[[str], Path]) -> Engine:
    """With an image in it."""
    engine.load(image("hello-static"), "hello:1")
    return engine


def docker(environment: Mapping[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["docker", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_docker_help_lists_it(environment: dict[str, str]) -> None:
    done = docker(environment, "help")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["u2k*", "Turn"] in [line[:2] for line in lines], done.stdout + done.stderr


def test_the_metadata_call_is_fast(environment: dict[str, str]) -> None:
    stub = Path(environment["DOCKER_CONFIG"], "cli-plugins/docker-u2k")
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        subprocess.run([stub, "docker-cli-plugin-metadata"], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    assert statistics.median(taken) < METADATA_LIMIT


@pytest.mark.parametrize("words", [["u2k", "convert", "--help"], ["help", "u2k", "convert"]])
def test_help_of_a_verb(environment: dict[str, str], words: list[str]) -> None:
    done = docker(environment, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: docker u2k convert ")


@pytest.mark.parametrize("request_", ["__complete", "__completeNoDesc"])
def test_completion(environment: dict[str, str], request_: str) -> None:
    done = docker(environment, request_, "u2k", "con")
    assert done.stdout.splitlines()[0].split("\t")[0] == "convert"
    assert done.stdout.splitlines()[-1] == ":4"
    done = docker(environment, request_, "u2k", "convert", "--files", "")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["slim", "strict", "all", ":4"]


def test_statuses_are_carried(environment: dict[str, str], subject: Path) -> None:
    done = docker(environment, "u2k", "run", "--on", "process", subject, "exit", "42")
    assert done.returncode == 42, done.stderr
    assert docker(environment, "u2k", "nonsense").returncode == 2
    done = docker(environment, "u2k", "convert", "./nothing.tar")
    assert (done.returncode, "nothing.tar" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_convert_and_run(environment: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "hello.u2k"
    done = docker(
        environment, "-H", engine.address, "u2k", "convert", "--source", "engine", "hello:1", "-o", out
    )
    assert done.returncode == 0, done.stderr
    done = docker(environment, "u2k", "run", "--on", "process", out, "one")
    assert done.returncode == 1, done.stderr  # it ends with the number of its arguments
    assert done.stdout.startswith("GREETING=bonjour, 1 arguments\n")
    done = docker(environment, "-H", engine.address, "u2k", "run", "--on", "process", "hello:1")
    assert done.stdout.startswith("GREETING=bonjour, 0 arguments\n"), done.stderr


def test_a_host_that_is_named_is_stronger(environment: dict[str, str], engine: Engine) -> None:
    there = {**environment, "DOCKER_HOST": engine.address}
    words = ["u2k", "inspect", "--source", "engine", "hello:1"]
    assert docker(there, *words).returncode == 0
    done = docker(there, "-H", "unix:///nowhere.sock", *words)
    assert done.returncode == 4
    assert "nowhere.sock" in done.stderr


def test_contexts_are_honoured(environment: dict[str, str], engine: Engine) -> None:
    assert (
        docker(environment, "context", "create", "near", "--docker", f"host={engine.address}").returncode == 0
    )
    far = ["context", "create", "far", "--docker", "host=unix:///nowhere.sock"]
    assert docker(environment, *far).returncode == 0
    words = ["u2k", "inspect", "--source", "engine", "hello:1"]
    done = docker(environment, "--context", "near", *words)
    assert done.returncode == 0, done.stderr
    done = docker({**environment, "DOCKER_HOST": engine.address}, "-c", "far", *words)
    assert done.returncode == 4
    assert "nowhere.sock" in done.stderr
    assert docker({**environment, "DOCKER_CONTEXT": "near"}, *words).returncode == 0


def test_build_with_the_engine_that_was_named(
    environment: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text('FROM hello:1\nCMD ["one"]\n')
    words = ["-H", engine.address, "u2k", "build", "-t", "again:2", tmp_path, "--", "-o", tmp_path / "x.u2k"]
    done = docker(environment, *words)
    assert done.returncode == 0, done.stderr
    assert "again:2" in engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
    assert docker(environment, "u2k", "run", "--on", "process", tmp_path / "x.u2k").returncode == 1


@pytest.mark.skipif(client_version() < 25, reason="before version 25 docker tells its plug-ins nothing")
def test_interrupting_the_client_ends_the_program(environment: dict[str, str], subject: Path) -> None:
    """Only docker gets the signal, as from a service manager; it tells the plug-in by its socket."""
    process = subprocess.Popen(
        ["docker", "u2k", "run", "--on", "process", str(subject), "await"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() != "", process.stderr.read()
        process.send_signal(signal.SIGINT)
        status = process.wait(60)
    assert status == 128 + signal.SIGINT
