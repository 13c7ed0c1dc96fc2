"""Which modules that take long to load each verb may load; all others wait until they are needed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.builders import elves, oci
from tests.builders.engine_server import engine_at

HEAVY = {"rich", "lief", "docker", "requests", "urllib3", "iced_x86", "capstone", "zstandard", "ziglang"}
NETWORK = {"requests", "urllib3"}

SCRIPT = """
import sys
from converter.cli.main import main
try:
    main()
finally:
    with open("LOADED", "w") as file:
        print(*sys.modules, file=file)
"""


def loaded(folder: Path, *args: str, **environment: str) -> set[str]:
    """The heavy modules that `u2k ARGS...` has loaded when it ends."""
    report = folder / "loaded"
    script = SCRIPT.replace("LOADED", str(report))
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        capture_output=True,
        text=True,
        env={
            "U2K_CACHE_DIR": str(folder / "cache"),
            "PYTHONPATH": ":".join(filter(None, sys.path)),
            "PATH": "/usr/bin:/bin",
            **environment,
        },
        check=False,
    )
    assert done.returncode in (0, 1, 2, 3, 4), done.stderr
    assert "internal error" not in done.stderr
    return {name.partition(".")[0] for name in report.read_text().split()} & HEAVY


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """An image whose program lacks a library: read to the end, and never linked."""
    program = elves.elf(interpreter=b"/ld.so", needed=[b"libnone.so"])
    layer = oci.layer(oci.file("x", program, mode=0o755), oci.file("ld.so", elves.elf(), mode=0o755))
    return str(oci.write_tar(tmp_path / "a.tar", oci.simple_layout([layer], run={"Cmd": ["/x"]})))


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["version"],
        [],
        ["convert", "--help"],
        ["run", "--help"],
        ["slim", "--help"],
        ["continuum", "--help"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_what_needs_nothing_loads_nothing(args: list[str], tmp_path: Path) -> None:
    assert loaded(tmp_path, *args) == set()


def test_a_local_archive_needs_neither_network_nor_engine(archive: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, "inspect", archive) == set()
    assert loaded(tmp_path, "inspect", "--json", archive) == set()
    assert loaded(tmp_path, "convert", archive, "-o", str(tmp_path / "x.u2k")) == set()


def test_a_registry_needs_http(tmp_path: Path) -> None:
    assert loaded(tmp_path, "inspect", "--source", "registry", "127.0.0.1:1/x") == NETWORK


def test_an_engine_without_the_image_needs_no_sdk(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="u2k-", dir="/tmp") as short, engine_at(Path(short) / "s") as url:
        assert loaded(tmp_path, "inspect", "127.0.0.1:1/x", DOCKER_HOST=url) == NETWORK


def test_doctor_asks_the_engine_at_most(tmp_path: Path) -> None:
    assert loaded(tmp_path, "doctor", "--json") <= {"docker", *NETWORK}


def test_pushing_and_pulling_need_http_and_exporting_does_not(tmp_path: Path) -> None:
    assert loaded(tmp_path, "export", str(tmp_path / "none.u2k"), "--format", "oci") == set()
    assert loaded(tmp_path, "pull", f"oci:{tmp_path / 'none'}") == set()
    assert loaded(tmp_path, "pull", "127.0.0.1:1/x:1", "-o", str(tmp_path / "x")) == NETWORK
