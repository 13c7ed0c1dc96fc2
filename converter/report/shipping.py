"""What is said of a unikernel in another format."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from converter.report.text import binary, printable

_NEXT = {
    "elf": "u2k run {}",
    "raw": "qemu-system-x86_64 -m 256M -nographic -drive format=raw,if=virtio,file={}",
    "qcow2": "qemu-system-x86_64 -m 256M -nographic -drive format=qcow2,if=virtio,file={}",
    "oci": "docker load -i {}",
    "firecracker": "cd {} && firecracker --no-api --config-file config.json",
}


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; holes count, as they do for who copies it."""
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size


def taken_by(path: Path) -> int:
    """Bytes on the disk."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_blocks * 512 for each in files)


def lines(unikernel: Path, made: Path, form: str) -> Iterator[str]:
    """For people: what was written, how large it is, and what to do with it."""
    yield printable(f"{unikernel} -> {made}")
    size, taken = size_of(made), taken_by(made)
    yield f"{form}: {binary(size)}" + (f", {binary(taken)} on the disk" if taken < size * 9 // 10 else "")
    if step := next_step(made, form):
        yield printable(f"next: {step}")


def next_step(made: Path, form: str) -> str:
    """A command that starts or loads it; empty for a format that is not ours."""
    return _NEXT[form].format(shlex.quote(str(made))) if form in _NEXT else ""
