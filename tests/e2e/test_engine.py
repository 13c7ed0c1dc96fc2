"""Images of real engines, docker's and podman's; each engine is started for the tests, with its own data."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders.dockerd import Engine, NoEngineError
from tests.builders.podman import Podman, podman_service
from tests.e2e.user import User

CONVERT = [sys.executable, "-m", "converter", "convert", "-v"]


@pytest.fixture(scope="module")
def engine(engine: Engine, image: Callable[[str], Path]) -> Engine:
    """With an image in it."""
    engine.load(image("hello-static"), "hello:1")
    return engine


def test_the_engine_is_asked_first(engine: Engine, tmp_path: Path) -> None:
    command = [*CONVERT, "hello:1", "-o", tmp_path / "hello.u2k"]
    done = subprocess.run(command, env=engine.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"hello:1: from the engine at {engine.address}" in done.stderr


def test_an_image_that_is_not_there(engine: Engine, tmp_path: Path) -> None:
    command = [*CONVERT, "--source", "engine", "nothing:1", "-o", tmp_path / "nothing.u2k"]
    done = subprocess.run(command, env=engine.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "docker pull nothing:1" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_containers_run_there(engine: Engine) -> None:
    assert engine.docker("run", "--rm", "hello:1").startswith("GREETING=bonjour, 0 arguments\n")


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


def test_a_context_that_dockers_client_made(engine: Engine, user: User) -> None:
    for words in (["create", "tests", "--docker", f"host={engine.address}"], ["use", "tests"]):
        subprocess.run(
            ["docker", "context", *words], env=user.environment, check=True, capture_output=True, text=True
        )
    done = user.succeeds("convert", "-v", "hello:1", "-o", "hello.u2k")
    assert f"hello:1: from the engine at {engine.address} (docker's context tests)" in done.stderr
    user.fails(
        "inspect",
        "--source",
        "engine",
        "hello:1",
        says=("no docker context 'x'",),
        status=2,
        DOCKER_CONTEXT="x",
    )
    user.succeeds("inspect", "hello:1", DOCKER_CONTEXT="x", DOCKER_HOST=engine.address)


SSH = """#!/bin/sh
# In place of ssh, to the machine that the engine is on: this one. The last word is for a shell there.
for last in "$@"; do :; done
export DOCKER_HOST="$THERE"
exec sh -c "$last"
"""


def test_an_engine_over_ssh(engine: Engine, user: User) -> None:
    """docker's client on the other side is the real one; what leads there is not sshd."""
    (user.home / "bin").mkdir()
    (user.home / "bin/ssh").write_text(SSH)
    (user.home / "bin/ssh").chmod(0o755)
    far = {"DOCKER_HOST": "ssh://me@far.example", "THERE": engine.address}
    done = user.succeeds("inspect", "-v", "hello:1", **far)
    assert "hello:1: from the engine at ssh://me@far.example (DOCKER_HOST)" in done.stderr
    far["THERE"] = "unix:///nothing.sock"
    user.fails("inspect", "--source", "engine", "hello:1", says=("does not answer", "/nothing.sock"), **far)


@pytest.fixture(scope="module")
def podman(image: Callable[[str], Path]) -> Iterator[Podman]:
    archive = image("hello-static")
    try:
        with podman_service() as started:
            started.load(archive, "docker.io/library/hello:1")
            started.load(archive, "localhost/mine:1")
            yield started
    except NoEngineError as reason:
        pytest.skip(str(reason))


def test_podman_by_its_variable(podman: Podman, user: User) -> None:
    done = user.succeeds("convert", "-v", "hello:1", "-o", "hello.u2k", CONTAINER_HOST=podman.address)
    assert f"hello:1: from the engine at {podman.address} (CONTAINER_HOST)" in done.stderr
    assert user.succeeds("run", "--on", "process", "hello.u2k").stdout.startswith("GREETING=bonjour")
    user.succeeds("inspect", "--source", "engine", "localhost/mine:1", CONTAINER_HOST=podman.address)
    says = ("no such image", "podman pull nothing:1")
    user.fails("inspect", "--source", "engine", "nothing:1", says=says, CONTAINER_HOST=podman.address)


def test_podman_at_its_usual_socket(podman: Podman, user: User) -> None:
    user.more["XDG_RUNTIME_DIR"] = str(podman.folder / "session")
    usual = podman.folder / "session/podman"
    usual.mkdir(parents=True)
    (usual / "podman.sock").symlink_to(podman.folder / "podman.sock")
    done = user.succeeds("inspect", "-v", "hello:1")
    assert f"hello:1: from the engine at unix://{usual}/podman.sock (podman's socket)" in done.stderr
    assert "(docker's socket): the engine does not answer: there is no such socket" in done.stderr


def test_podman_over_ssh(podman: Podman, user: User) -> None:
    """`podman system dial-stdio` on the other side is the real one."""
    (user.home / "bin").mkdir()
    (user.home / "bin/ssh").write_text(SSH)
    (user.home / "bin/ssh").chmod(0o755)
    far = f"ssh://me@far.example{podman.folder}/podman.sock"
    done = user.succeeds("inspect", "-v", "hello:1", CONTAINER_HOST=far)
    assert f"hello:1: from the engine at {far} (CONTAINER_HOST)" in done.stderr
