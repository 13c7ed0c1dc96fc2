"""Virtqueues and the network driver against devices made of a few lines, on the host, with sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
LIBOS = HERE.parents[3] / "libos"
FLAGS = (
    *("-std=gnu17", "-g", "-O1", "-Wall", "-Wextra", "-I", str(LIBOS / "include")),
    *("-I", str(LIBOS / "arch/x86_64/include")),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover"),
)


SOURCES = {
    "queue": (),
    "net": ("drivers/virtio_net/receive.c", "drivers/virtio_net/send.c", "net/packet", "core/cursor.c"),
}


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc with sanitizers")
@pytest.mark.parametrize("test", SOURCES)
def test_hosted(test: str, tmp_path: Path) -> None:
    made = tmp_path / test
    sources = [HERE / f"{test}.c", LIBOS / "drivers/virtio/queue.c"]
    for name in SOURCES[test]:
        sources += sorted((LIBOS / name).glob("*.c")) if (LIBOS / name).is_dir() else [LIBOS / name]
    subprocess.run(["gcc", *FLAGS, "-o", str(made), *map(str, sources)], check=True)
    quiet = {"ASAN_OPTIONS": "detect_leaks=0"}  # rings are for ever
    done = subprocess.run([str(made)], env=quiet, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
