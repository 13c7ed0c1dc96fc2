"""qcow2 as qemu-img sees it."""

from __future__ import annotations

import io
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from converter.formats.export import export
from converter.formats.qcow2 import write_qcow2

pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="no qemu-img (Debian: qemu-utils)")
CLUSTER = 1 << 16


def checked(path: Path) -> dict[str, int]:
    command = ["qemu-img", "check", "--output=json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def same(raw: Path, qcow2: Path) -> None:
    command = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", str(raw), str(qcow2)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_disk_as_raw(in_memory: Path, tmp_path: Path) -> None:
    raw = export(in_memory, "raw", tmp_path / "a.raw")
    qcow2 = export(in_memory, "qcow2", tmp_path / "a.qcow2")
    found = checked(qcow2)
    assert found["check-errors"] == 0 and "leaks" not in found
    same(raw, qcow2)
    assert qcow2.stat().st_size < raw.stat().st_size


@pytest.mark.parametrize(
    ("size", "filled"),
    [
        (1 << 20, []),
        (CLUSTER, [0]),
        (3 * CLUSTER, [1]),
        (8192 * CLUSTER, [8191]),
        (8193 * CLUSTER, [0, 8192]),
    ],
)
def test_tables_at_their_limits(size: int, filled: list[int], tmp_path: Path) -> None:
    """A second-level table has 8192 clusters, 512 MiB."""
    raw, qcow2 = tmp_path / "raw", tmp_path / "qcow2"
    with raw.open("w+b") as disk:
        disk.truncate(size)
        for cluster in filled:
            disk.seek(cluster * CLUSTER + 5)
            disk.write(b"something")
        disk.flush()
        with qcow2.open("wb") as out:
            write_qcow2(disk, out)
    assert checked(qcow2)["image-end-offset"] == qcow2.stat().st_size
    same(raw, qcow2)


def test_more_clusters_than_one_block_of_counts_has(tmp_path: Path) -> None:
    """32768 counts a block: at 2 GiB of data there are two. Counted, not written."""
    out = _Counted()
    disk = _Filled(33_000 * CLUSTER)
    write_qcow2(disk, out)  # type: ignore[arg-type]
    assert out.size % CLUSTER == 0
    header = bytes(out.head)
    blocks = int.from_bytes(header[56:60], "big")
    assert blocks == 1
    clusters = out.size // CLUSTER
    assert clusters == 33_000 + 1 + 1 + 5 + 2 + 1  # data, header, L1, L2, counts, their table


class _Filled(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self._size, self._piece = size, random.Random(1).randbytes(CLUSTER)

    def seek(self, at: int, whence: int = 0) -> int:
        return self._size if whence == 2 else at

    def read(self, size: int = -1) -> bytes:
        return self._piece


class _Counted(io.RawIOBase):
    def __init__(self) -> None:
        self.size, self.head = 0, bytearray()

    def write(self, data: object) -> int:
        view = bytes(data)  # type: ignore[call-overload]
        if not self.size:
            self.head += view
        self.size += len(view)
        return len(view)
