"""A batch from a real registry and back to it: images are fetched from there, unikernels are pushed there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders.docker_registry import DockerRegistry, NoRegistryError, docker_registry
from tests.builders.variants import variant
from tests.e2e.conftest import Command

pytestmark = pytest.mark.slow

NAMES = ("one", "two")


@pytest.fixture
def registry(tmp_path: Path, image: Callable[[str], Path]) -> Iterator[DockerRegistry]:
    try:
        with docker_registry(tmp_path / "registry") as found:
            for name in NAMES:
                found.push(variant(image("hello-static"), tmp_path / f"{name}.tar", name), f"{name}:7")
            yield found
    except NoRegistryError as error:
        pytest.skip(str(error))


def test_there_and_back(registry: DockerRegistry, u2k: Command, tmp_path: Path) -> None:
    lines = [f"{registry.host}/{name}:7" for name in (*NAMES, "none")]
    out, report = tmp_path / "out", tmp_path / "r.jsonl"
    words = ["batch", "-", "-o", out, "--keep-going", "--retries", "0", "--report", report]
    done = u2k(*words, "--push", f"{registry.host}/unikernels", stdin="\n".join(lines).encode())
    assert done.returncode == 6, done.stderr.decode()
    told = [json.loads(line) for line in report.read_text().splitlines()]
    assert [each["exit_code"] for each in told] == [0, 0, 4]
    assert "not found" in told[2]["error"]
    for name, each in zip(NAMES, told, strict=False):
        pushed = f"{registry.host}/unikernels/{name}:7"
        assert each["pushed"].startswith(f"{pushed}@sha256:")
        back = tmp_path / f"{name}.u2k"
        pulled = u2k("pull", pushed, "-o", back)
        assert pulled.returncode == 0, pulled.stderr.decode()
        assert back.read_bytes() == (out / each["output"]).read_bytes()
    for path in out.glob("*.u2k"):
        path.unlink()
    again = u2k(*words, "--push", f"{registry.host}/unikernels", "--resume", stdin="\n".join(lines).encode())
    assert again.returncode == 6
    assert not list(out.glob("*.u2k")), "what is in the registry need not be made again"
