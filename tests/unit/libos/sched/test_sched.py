"""The timer queue and wait queues of libos/core on the host, with sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
LIBOS = HERE.parents[3] / "libos"
FLAGS = (
    "-std=gnu17",
    "-g",
    "-O1",
    "-Wall",
    "-Wextra",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover",
)
INCLUDES = ("-I", str(LIBOS / "include"), "-I", str(LIBOS / "arch/x86_64/include"))


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc with sanitizers")
@pytest.mark.parametrize(("test", "source"), [("timers", "timer"), ("waitqs", "waitq")])
def test_hosted(test: str, source: str, tmp_path: Path) -> None:
    made = tmp_path / test
    sources = (str(HERE / f"{test}.c"), str(LIBOS / "core" / f"{source}.c"))
    subprocess.run(["gcc", *FLAGS, *INCLUDES, "-o", str(made), *sources], check=True)
    done = subprocess.run([str(made)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
