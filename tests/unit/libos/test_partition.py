"""The partition that a root on a disk is in, as a hosted program under address and undefined sanitizers."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from converter.formats.disk import gpt
from converter.formats.export import export
from tests.unit.formats.conftest import archive, on_disk

__all__ = ["archive", "on_disk"]
ROOT = Path(__file__).parents[3]
HOSTED = Path(__file__).parent / "hosted"


def test_damaged_tables_are_refused(on_disk: Path, tmp_path: Path) -> None:
    compiler = next((cc for cc in ("clang", "clang-14", "gcc") if shutil.which(cc)), None)
    if compiler is None:
        pytest.skip("no C compiler on this host: sanitizers need the distribution's clang or gcc")
    disk = export(on_disk, "raw", tmp_path / "disk.raw")
    data = disk.read_bytes()
    at = next(at for at in range(1024, 17408, 128) if data[at : at + 16] == gpt.UNIKERNEL.bytes_le)
    first, last = struct.unpack_from("<QQ", data, at + 32)
    program = tmp_path / "gpt"
    command = [
        *(
            compiler,
            "-std=gnu17",
            "-g",
            "-O1",
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=undefined",
        ),
        *("-fno-builtin", "-Wall", "-Wextra", f"-I{ROOT / 'libos/include'}"),
        *(f"-I{ROOT / 'libos/arch/x86_64/include'}", "-o", str(program), str(HOSTED / "gpt.c")),
        str(ROOT / "libos/platform/vm/disk_root/gpt.c"),
    ]
    subprocess.run(command, check=True)
    ends = (str(first * 512), str((last + 1) * 512))
    done = subprocess.run([program, disk, *ends], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
