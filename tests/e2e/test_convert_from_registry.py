"""A real registry on loopback, without an engine: push a fixture, convert it from there, run it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.push import push
from tests.builders.docker_registry import NoRegistryError, docker_registry

Command = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """HOST:PORT of Debian's docker-registry, stopped at the end."""
    try:
        with docker_registry(tmp_path / "registry") as started:
            yield started.host
    except NoRegistryError as reason:
        pytest.skip(str(reason))


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
