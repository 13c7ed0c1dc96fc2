"""`u2k build`: a real engine builds, and what it built is converted and runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.dockerd import NoEngineError, docker_engine

PROGRAM = '#include <stdio.h>\nint main(int c, char **v) { printf("%s of %d\\n", v[1], c); return 5; }\n'
DOCKERFILE = 'FROM scratch\nARG word\nCOPY app /app\nENTRYPOINT ["/app"]\nCMD ["built"]\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `app` to build, with one static program."""
    path = tmp_path_factory.mktemp("build") / "app"
    path.mkdir()
    (path / "app.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-static", "-o", path / "app", path / "app.c"], check=True)
    (path / "Other.Dockerfile").write_text(DOCKERFILE)
    return path


@pytest.fixture(scope="module", params=["docker", "podman", "buildah"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The environment in which one engine builds, and keeps what it builds to itself."""
    path = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path)), "NAME": request.param}
    if request.param == "docker":
        try:
            with docker_engine() as started:
                yield {**started.environment(), **path, "DOCKER_HOST": started.address}
        except NoEngineError as reason:
            pytest.skip(str(reason))
        return
    if shutil.which(request.param) is None or os.geteuid() != 0:
        pytest.skip(
            f"{request.param} is not here (Debian: apt-get install {request.param}), or this is not root"
        )
    storage = tmp_path_factory.mktemp("storage")
    (storage / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{storage}/graph"\nrunroot = "{storage}/run"\n'
    )
    yield {**path, "CONTAINERS_STORAGE_CONF": str(storage / "storage.conf")}


def u2k(environment: dict[str, str], *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "converter", *map(str, words)]
    return subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def test_build_convert_run(engine: dict[str, str], folder: Path, tmp_path: Path) -> None:
    before = ["--engine", engine["NAME"], "-f", folder / "Other.Dockerfile", "--build-arg", "word=1"]
    done = u2k(engine, "build", *before, "--full", folder, "--", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{"), "what the engine says is not on standard output"
    assert [path.name for path in tmp_path.iterdir()] == ["app.u2k"]
    ran = u2k(engine, "run", "--on", "process", "app.u2k", cwd=tmp_path)
    assert (ran.stdout, ran.returncode) == ("built of 2\n", 5)


def test_a_build_that_fails(engine: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    done = u2k(engine, "build", "--engine", engine["NAME"], ".", cwd=tmp_path)
    assert done.returncode == 4
    assert "build failed, with status" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["Dockerfile"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "nonsense", "."], "nonsense"),
        ([".", "--", "--nonsense"], "--nonsense"),
        ([".", "--", "-o", "there.u2k"], "exists"),
    ],
)
def test_wrong_words_are_said_before_anything_is_built(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "there.u2k").touch()
    environment = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))}
    done = u2k(environment, "build", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_an_engine(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "PYTHONPATH": ":".join(filter(None, sys.path))}
    done = u2k(environment, "build", ".", cwd=tmp_path)
    assert done.returncode == 4
    assert "docker: not installed; podman: not installed; buildah: not installed" in done.stderr
