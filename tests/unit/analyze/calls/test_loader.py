"""What the dynamic loader runs without that any code refers to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.analyze.calls.model import INTERPRETER, PROGRAM
from tests.builders.programs import compiled
from tests.unit.analyze.calls.conftest import analysed

LOADER = """
void %s(void) { call(39, 0, 0, 0); }
void unused(void) { call(102, 0, 0, 0); }
void start(void) { call(158, 0, 0, 0); }
"""


@pytest.mark.parametrize("name", ["__dls2b", "__dls3", "__libc_early_init"])
def test_functions_that_loaders_call_by_name(name: str, tmp_path: Path) -> None:
    loader = compiled(tmp_path, LOADER % name, "-shared", "-fPIC", "-Wl,-e,start", name="ld.so")
    program = compiled(tmp_path, "void _start(void) { call(60, 0, 0, 0); }", "-pie", "-fpie")
    found = analysed({"/bin/program": (program, PROGRAM), "/lib/ld.so": (loader, INTERPRETER)})
    assert list(found.syscalls) == ["arch_prctl", "exit", "getpid"]
