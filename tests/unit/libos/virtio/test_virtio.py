"""Virtqueues of libos/drivers/virtio against a device made of a few lines, on the host, with sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
LIBOS = HERE.parents[3] / "libos"
FLAGS = (
    *("-std=gnu17", "-g", "-O1", "-Wall", "-Wextra", "-I", str(LIBOS / "include")),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover"),
)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc with sanitizers")
def test_queue(tmp_path: Path) -> None:
    made = tmp_path / "queue"
    sources = (str(HERE / "queue.c"), str(LIBOS / "drivers/virtio/queue.c"))
    subprocess.run(["gcc", *FLAGS, "-o", str(made), *sources], check=True)
    quiet = {"ASAN_OPTIONS": "detect_leaks=0"}  # rings are for ever
    done = subprocess.run([str(made)], env=quiet, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
