"""Small programs compiled for tests, in the shapes that analysis meets: no C library, no start-up code."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

# The kernel's entry, and a system call that the compiler can put anywhere (man syscall(2): register use).
PRELUDE = """
static inline long call(long number, long first, long second, long third) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
}
"""


def compiled(folder: Path, source: str, *flags: str, name: str = "program", language: str = "c") -> bytes:
    """An x86-64 ELF file from C (with PRELUDE) or assembly; `flags` say whether it is a program or a
    library.
    """
    if shutil.which("gcc") is None or platform.machine() != "x86_64":
        pytest.skip("needs gcc for x86-64")
    code = folder / f"{name}.{'c' if language == 'c' else 'S'}"
    code.write_text((PRELUDE if language == "c" else "") + source)
    out = folder / name
    # -fno-builtin: the compiler knows no C library; no note sections, whose layout differs between hosts
    command: Sequence[str] = ["gcc", "-O2", "-nostdlib", "-fno-builtin", "-fno-stack-protector", "-w"]
    subprocess.run([*command, *flags, str(code), "-o", str(out)], check=True)
    return out.read_bytes()
