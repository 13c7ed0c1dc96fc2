"""Core's memory, loader and start, as a hosted program under address and undefined sanitizers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from converter.link.bundle import BootRecord, bundle_head

ROOT = Path(__file__).parents[3]
HOSTED = Path(__file__).parent / "hosted"
CORE = (
    "advise backing boot brk cmdline cursor fault format heap layout lock log map pages protect remap "
    "optional uaccess vma exec/elf exec/interpreter/name exec/script/parse"
).split()
FLAGS = [
    *("-std=gnu17", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"),
    *("-fno-builtin", "-Wall", "-Wextra"),
]

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="compares with Linux's own system calls"
)


@pytest.fixture(scope="module")
def compiler() -> str:
    found = next((cc for cc in ("clang", "clang-14", "gcc") if shutil.which(cc)), None)
    if found is None:
        pytest.skip("no C compiler on this host: sanitizers need the distribution's clang or gcc")
    return found


def _build(compiler: str, name: str, folder: Path) -> Path:
    out = folder / name
    sources = [HOSTED / "stub.c", HOSTED / f"{name}.c", *(ROOT / f"libos/core/{part}.c" for part in CORE)]
    includes = [f"-I{ROOT / path}" for path in ("libos/include", "libos/arch/x86_64/include")]
    subprocess.run([compiler, *FLAGS, *includes, "-o", out, *sources], check=True)
    return out


def _run(program: Path, *args: str | Path) -> None:
    done = subprocess.run([program, *args], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]


def test_memory_calls_agree_with_linux(compiler: str, tmp_path: Path) -> None:
    """Random mmap, munmap, mprotect, mremap, madvise, mlock, mincore: results, areas, contents."""
    _run(_build(compiler, "differential", tmp_path), "1", "250")


def test_parts(compiler: str, tmp_path: Path) -> None:
    record = BootRecord(
        path=b"/p/prog",
        argv=[b"prog", b"a", b"b"],
        env=[b"A=1", b"B="],
        cwd=b"/w",
        uid=1000,
        gid=7,
        groups=[3, 99],
        hostname=b"box",
        entrypoint_args=1,
        umask=0o027,
    )
    bundle = tmp_path / "bundle"
    bundle.write_bytes(bundle_head(record, 4096) + b"R".ljust(4096, b"\0"))
    _run(_build(compiler, "parts", tmp_path), "/bin/true", bundle)
