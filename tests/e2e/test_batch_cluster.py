"""A batch on a Dask cluster of two workers, one of which is killed at work: all results are there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from converter.cache.folder import cache_folder
from converter.errors import U2kError
from converter.link.manifest import read_manifest
from tests.builders.variants import variant

pytest.importorskip("distributed", reason="Dask is not installed (pip install distributed)")
pytestmark = pytest.mark.slow

IMAGES = 6
PATIENCE = 120  # seconds


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a scheduler or a worker of a name; a worker is a machine of its own: folders of its own."""
    file = tmp_path / "scheduler.json"
    with ExitStack() as stack:

        def start(name: str, *words: str) -> subprocess.Popen[bytes]:
            folder = tmp_path / name
            (folder / "cache").mkdir(parents=True)
            (folder / "cache/libos").symlink_to(cache_folder("libos"))
            environment = os.environ | {"U2K_CACHE_DIR": str(folder / "cache"), "TMPDIR": str(folder)}
            command = [
                sys.executable,
                "-m",
                f"distributed.cli.dask_{words[0]}",
                "--scheduler-file",
                str(file),
            ]
            with (tmp_path / f"{name}.log").open("wb") as log:
                process = subprocess.Popen(
                    [*command, *words[1:]], env=environment, stdout=log, stderr=log, cwd=folder
                )
            stack.callback(end, process)
            return process

        yield start


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


def address(tmp_path: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return str(json.loads((tmp_path / "scheduler.json").read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.1)
    raise AssertionError((tmp_path / "scheduler.log").read_text())


def converting(folder: Path) -> bool:
    """Whether a worker process converts below this folder."""
    for each in Path("/proc").iterdir():
        try:
            words = (each / "cmdline").read_bytes().split(b"\0") if each.name.isdecimal() else []
        except OSError:
            continue
        if b"converter.batch.worker" in words and any(word.startswith(os.fsencode(folder)) for word in words):
            return True
    return False


def entries(folder: Path) -> list[Path]:
    return [path for path in (folder / "cache/unikernels").glob("*") if not path.name.startswith(".")]


def test_a_killed_worker_costs_its_task_only(
    image: Callable[[str], Path], cluster: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    cluster("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    scheduler = address(tmp_path)
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
    workers = {
        name: cluster(name, "worker", *options, "--resources", "u2k=1 fast=1", "--name", name)
        for name in ("one", "two")
    }
    base = image("hello-static")
    archives = [variant(base, tmp_path / f"{number}.tar", f"v{number}") for number in range(IMAGES)]
    lines = [f"- {path}" for path in archives]
    lines += [f"- {{image: {path}, output: again-{at}.u2k}}" for at, path in enumerate(archives[:3])]
    lines += [f"- {{image: {archives[0]}, output: none.u2k, entrypoint: /none, requires: fast}}"]
    (tmp_path / "images.yaml").write_text("\n".join(lines))
    out, report = tmp_path / "out", tmp_path / "r.jsonl"
    command = [sys.executable, "-m", "converter", "batch", str(tmp_path / "images.yaml"), "-o", str(out)]
    command += ["--scheduler", scheduler, "--keep-going", "--report", str(report)]
    batch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE
    while not converting(tmp_path / "one"):
        assert batch.poll() is None and time.monotonic() < deadline, (tmp_path / "one.log").read_text()
        time.sleep(0.02)
    end(workers["one"])
    said, errors = batch.communicate(timeout=PATIENCE)
    assert batch.returncode == 6, errors.decode()
    told = [json.loads(line) for line in report.read_text().splitlines()]
    assert [each["status"] for each in told] == ["converted"] * (IMAGES + 3) + ["refused"], errors.decode()
    digests = [read_manifest(out / each["output"]).source_digest for each in told[:-1]]
    assert digests == [each["digest"] for each in told[:-1]]
    assert len(set(digests)) == IMAGES and digests[IMAGES:] == digests[:3]
    for at in range(3):
        assert (out / f"again-{at}.u2k").read_bytes() == (out / f"{at}.u2k").read_bytes()
    made = [path.name for name in workers for path in entries(tmp_path / name)]
    # Each once; but the one in flight may have been kept a moment before its worker ended.
    assert len(set(made)) == IMAGES and len(made) <= IMAGES + 1
    while converting(tmp_path / "one"):
        assert time.monotonic() < deadline, "what a killed worker had begun goes on"
        time.sleep(0.05)
    assert workers["two"].poll() is None
    assert f"{IMAGES + 4} images" in said.decode()


def test_no_scheduler_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from converter.batch import cluster
    from converter.batch.local import Limits

    monkeypatch.setattr(cluster, "_CONNECT", 1)
    with pytest.raises(U2kError, match="no scheduler answers"):
        cluster.ClusterRun([], tmp_path, Limits(), None, "tcp://127.0.0.1:1")  # type: ignore[arg-type]
