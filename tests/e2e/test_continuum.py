"""Every stop of real servers: there and measured; slim containers answer under their seccomp profile."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.builders.browser import browser, view
from tests.builders.dockerd import Engine
from tests.net.probes import FIXTURES, Server, from_corpus

U2K = [sys.executable, "-m", "converter"]
STOPS = ["container", "slim", "process", "vm"]
_CLONE_NEWNET = 0x40000000
_CORPUS = os.environ.get("U2K_CORPUS")
_RECIPES = Path(os.environ.get("U2K_CORPUS_RECIPES", "/work/shared/corpus/recipes"))
_PATIENCE = 20.0  # seconds until a container answers


def u2k(engine: Engine, *words: str | Path) -> str:
    done = subprocess.run(
        [*U2K, *map(str, words)], env=engine.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def counted(found: dict[str, Any]) -> dict[str, Any]:
    """What has to be the same in each run: all but the runs."""
    plain = {name: value for name, value in found.items() if name not in ("runs", "commands", "stops")}
    return {**plain, "stops": [(stop["name"], stop["figures"]) for stop in found["stops"]]}


def all_stops(engine: Engine, folder: Path, archive: Path, *options: str) -> None:
    file = folder / "page.html"
    found = json.loads(u2k(engine, "continuum", "--json", "--runs", "2", "-o", file, *options, archive))
    assert [stop["name"] for stop in found["stops"]] == STOPS
    for stop in found["stops"]:
        assert stop["measured"] is not None, (stop["name"], stop["why"])
        assert len(stop["measured"]["seconds"]) == 2
        assert len(stop["measured"]["memory"]) == 2
    again = json.loads(u2k(engine, "continuum", "--json", "--runs", "0", *options, archive))
    assert counted(again) == counted(found)
    assert {stop["why"] for stop in again["stops"]} == {"not asked for: --runs 0"}
    assert engine.docker("ps", "-aq") == engine.docker("images", "-aq") == "", "nothing is left"
    assert file.stat().st_size < 1 << 20
    with browser() as opened, view(opened, file, 1280, "light") as shown:
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        assert axe.run(shown.page).violations_count == 0
        assert shown.asked == []


def slim_answers(engine: Engine, folder: Path, archive: Path, server: Server, *options: str) -> None:
    """Every probe, by the archive that users load and the profile beside it."""
    out, seccomp = folder / "slim.tar", folder / "slim.seccomp.json"
    u2k(engine, "slim", "-o", out, "--tag", "slim:test", *options, archive)
    engine.docker("load", "-q", "-i", out)
    run = ["run", "-d", "--network", "none", "--security-opt", f"seccomp={seccomp}", "slim:test"]
    container = engine.docker(*run).strip()
    try:
        pid = int(engine.docker("inspect", "-f", "{{.State.Pid}}", container))
        assert "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
        wrong = in_network(pid, lambda: asked(server))
        assert wrong == [], engine.docker("logs", container)
    finally:
        engine.docker("rm", "-f", "-v", container)
        engine.docker("rmi", "slim:test")


def asked(server: Server) -> list[str]:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            if server.probes[0].ask("127.0.0.1", server.port) is None:
                break
        except OSError:
            time.sleep(0.05)
    found = [probe.ask("127.0.0.1", server.port) for probe in server.probes if not probe.udp]
    return [wrong for wrong in found if wrong is not None]


def in_network(pid: int, work: Callable[[], list[str]]) -> list[str]:
    """`work` by a thread that is in the network of a process; this one stays where it is."""
    found: list[list[str]] = []

    def inside() -> None:
        with Path(f"/proc/{pid}/ns/net").open() as network:
            assert ctypes.CDLL(None).setns(network.fileno(), _CLONE_NEWNET) == 0
        found.append(work())

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found, "it could not be asked"
    return found[0]


def words(server: Server) -> Sequence[str]:
    return ("--args", " ".join(server.args)) if server.args else ()


@pytest.mark.slow
def test_every_stop(engine: Engine, image: Callable[[str], Path], tmp_path: Path) -> None:
    all_stops(engine, tmp_path, image("redis"), *words(FIXTURES["redis"]))


@pytest.mark.parametrize("name", ["redis", "memcached"])
def test_a_slim_container(engine: Engine, name: str, image: Callable[[str], Path], tmp_path: Path) -> None:
    slim_answers(engine, tmp_path, image(name), FIXTURES[name], *words(FIXTURES[name]))


def test_a_job(engine: Engine, image: Callable[[str], Path]) -> None:
    """It has no port: its end is waited for, and there is no memory at rest."""
    text = u2k(engine, "continuum", "--runs", "1", image("hello-static"))
    assert "start to the end" in text
    assert "memory at rest" not in text
    assert "not run" not in text


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("runc"), reason="needs root and runc")
def test_by_runc(image: Callable[[str], Path], tmp_path: Path) -> None:
    """Where no engine answers. Each start has files of its own: a program that writes starts again."""
    nowhere = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none"}
    command = [*U2K, "continuum", "--json", "--runs", "2", *words(FIXTURES["redis"]), str(image("redis"))]
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for stop in json.loads(done.stdout)["stops"]:
        assert stop["measured"] is not None, (stop["name"], stop["why"])
        assert len(stop["measured"]["memory"]) == 2
        assert stop["how"].startswith("runc, with ") == (stop["name"] in ("container", "slim"))
    assert "u2k-continuum" not in Path("/proc/self/mounts").read_text(), "nothing is left"


def test_without_an_engine(image: Callable[[str], Path], tmp_path: Path) -> None:
    """Containers have their figures all the same, and it is said why they were not run."""
    nowhere = {
        **os.environ,
        "DOCKER_HOST": f"unix://{tmp_path}/none",
        "PATH": str(Path(sys.executable).parent),
    }
    command = [*U2K, "continuum", "--json", "--runs", "1", str(image("hello-static"))]
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    stops = {stop["name"]: stop for stop in json.loads(done.stdout)["stops"]}
    assert [stops[name]["measured"] for name in ("container", "slim", "vm")] == [None, None, None]
    assert "QEMU is not installed" in stops["vm"]["why"]
    assert "runc and mount and umount not installed" in stops["container"]["why"]
    assert stops["process"]["measured"] is not None
    assert all(stop["figures"]["contents"]["files"] for stop in stops.values())


@pytest.mark.slow
@pytest.mark.skipif(_CORPUS is None, reason="U2K_CORPUS names no folder of corpus images")
@pytest.mark.parametrize("name", ["redis", "nginx", "python-http", "go-http"])
def test_corpus(engine: Engine, name: str, tmp_path: Path) -> None:
    archive = Path(_CORPUS or "") / f"{name}.oci.tar"
    for needed in (archive, _RECIPES / name):
        if not needed.exists():
            pytest.skip(f"{needed} is not there")
    all_stops(engine, tmp_path, archive)
    slim_answers(engine, tmp_path, archive, from_corpus(_RECIPES / name))
