"""TCP of libos/net/tcp on the host, with sanitizers: a wire in memory, a virtual clock, a scripted peer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.libos.fuzzing import fuzz

HERE = Path(__file__).resolve().parent
LIBOS = HERE.parents[4] / "libos"
SCRIPTS = ("scripts",)
CASES = [
    (script, name)
    for script in SCRIPTS
    for name in re.findall(r'^    \{"(\w+)", \w+\}', (HERE / f"{script}.c").read_text(), re.M)
]
FLAGS = (
    *("-std=gnu17", "-g", "-O1", "-fno-builtin", "-Wall", "-Wextra", "-Wno-missing-field-initializers"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)
INCLUDES = [f"-I{LIBOS / path}" for path in ("include", "arch/x86_64/include", "net/tcp")]
CORE = ("core/timer.c", "core/waitq.c", "core/cursor.c", "fs/vfs/iter.c")

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc with sanitizers")


def sources() -> list[Path]:
    """Everything but the tests' own main files."""
    return [
        *sorted(LIBOS.glob("net/tcp/*.c")),
        *sorted(LIBOS.glob("net/packet/*.c")),
        *(LIBOS / path for path in CORE),
        *(HERE / f"{name}.c" for name in ("wire", "script", "stub")),
    ]


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Compiled once."""
    folder = tmp_path_factory.mktemp("tcp")
    command = ["gcc", *FLAGS, *INCLUDES, f"-I{HERE}", "-c", *map(str, sources())]
    subprocess.run(command, check=True, cwd=folder)
    return sorted(folder.glob("*.o"))


def build(objects: list[Path], name: str, folder: Path) -> Path:
    out = folder / name
    command = ["gcc", *FLAGS, *INCLUDES, f"-I{HERE}", "-o", str(out), str(HERE / f"{name}.c")]
    subprocess.run([*command, *map(str, objects)], check=True)
    return out


@pytest.fixture(scope="session")
def programs(objects: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tcp-programs")
    return {name: build(objects, name, folder) for name in ("bulk", *SCRIPTS)}


def test_bytes_arrive_over_any_wire(programs: dict[str, Path]) -> None:
    done = subprocess.run(
        [programs["bulk"], "500000"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize(("script", "case"), CASES)
def test_script(programs: dict[str, Path], script: str, case: str) -> None:
    left_open = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}  # connections, when a case ends
    command = [programs[script], case]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=left_open)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.skipif(shutil.which("clang") is None, reason="needs clang's libFuzzer")
@pytest.mark.parametrize("name", ["fuzz", "conversations"])
def test_hostile_peers(name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    flags = [flag.replace("address", "fuzzer,address") for flag in FLAGS]
    command = ["clang", *flags, *INCLUDES, f"-I{HERE}", "-o", str(out), str(HERE / f"{name}.c")]
    subprocess.run([*command, *map(str, sources())], check=True)
    fuzz(out, HERE / f"{name}.corpus.txt", tmp_path, "-max_len=2000", "-detect_leaks=0")
