"""What files are opened for: flags and paths are followed together, modes of fopen(3) to their flags."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from converter.analyze.calls.model import PROGRAM
from converter.analyze.calls.openings import ANY, CHOICE, READING, WRITING
from tests.unit.analyze.calls.conftest import Analyse, analysed

OPEN = """
__attribute__((noinline)) long open_it(const char *path, long flags) { return call(2, (long)path, flags, 0); }
void run(long unknown, const char *volatile given) { %s }
void _start(long unknown, const char *given) { run(unknown, given); call(60, 0, 0, 0); }
"""


@pytest.mark.parametrize(
    ("body", "uses"),
    [
        ('call(2, (long)"/x", 0, 0);', {READING}),
        ('call(2, (long)"/x", 0x80000, 0);', {READING}),  # O_CLOEXEC
        ('call(2, (long)"/x", 1, 0);', {WRITING}),
        ('call(2, (long)"/x", 0x40, 0);', {WRITING}),  # O_CREAT
        ('call(257, -100, (long)"/x", 2);', {WRITING}),
        ('call(2, (long)"/x", unknown, 0);', {ANY}),
        ('call(2, (long)"/dev/null", unknown, 0);', {READING}),  # no file of the root
        ('call(2, (long)"/dev/../x", 1, 0);', {WRITING}),
        ('open_it(given, 0); open_it("/dev/full", 1);', {READING}),  # call by call
        ('open_it("/dev/full", 0); open_it(given, 1);', {READING, WRITING}),
        ('open_it("/x", unknown & 1);', {ANY}),
    ],
)
def test_flags_and_path_together(analyse: Analyse, body: str, uses: set[str]) -> None:
    found = analyse(OPEN % body)
    assert set(found.arguments[CHOICE]) == uses


@pytest.mark.parametrize(
    ("mode", "uses"),
    [
        ('"r"', {READING}),
        ('"rce"', {READING}),
        ('"r,ccs=a+b"', {READING}),
        ('"r+"', {READING, WRITING}),
        ('"w"', {READING, WRITING}),
        ('"ab"', {READING, WRITING}),
        ("argv[2]", {READING, ANY}),
    ],
)
def test_modes_of_a_static_program(tmp_path: Path, mode: str, uses: set[str]) -> None:
    """With the C library of this host inside, whose own openings are reading."""
    if shutil.which("gcc") is None or platform.machine() != "x86_64":
        pytest.skip("needs gcc for x86-64")
    source, out = tmp_path / "program.c", tmp_path / "program"
    source.write_text(
        "#include <stdio.h>\nint main(int argc, char **argv) "
        f"{{ FILE *f = fopen(argv[1], {mode}); return f ? fgetc(f) : 1; }}\n"
    )
    command = ["gcc", "-O2", "-static", "-s", str(source), "-o", str(out)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("no static C library here (Debian: libc6-dev)")
    found = analysed({"/bin/program": (out.read_bytes(), PROGRAM)})
    assert set(found.arguments[CHOICE]) == uses
