"""The image of a real Docker engine becomes a unikernel: the engine is started for it, with its own data."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders.dockerd import Engine, NoEngineError, docker_engine

CONVERT = [sys.executable, "-m", "converter", "convert", "-v"]


@pytest.fixture(scope="module")
def engine(image: Callable[[str], Path]) -> Iterator[Engine]:
    archive = image("hello-static")
    try:
        with docker_engine() as started:
            started.load(archive, "hello:1")
            yield started
    except NoEngineError as reason:
        pytest.skip(str(reason))


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
