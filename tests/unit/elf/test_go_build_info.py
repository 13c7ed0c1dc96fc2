"""The module list of Go programs, as the Go linker writes it, and what is not one."""

from __future__ import annotations

import io

import pytest

from converter.elf.go_build_info import GoBuildInfo, GoModule, read_go_build_info
from converter.elf.header import read_elf
from tests.builders.elves import EXEC, elf
from tests.builders.go import build_info, go_program


def read(data: bytes) -> GoBuildInfo | None:
    return read_go_build_info(io.BytesIO(data), read_elf(io.BytesIO(data), len(data), "x"))


def test_modules_of_a_program() -> None:
    assert read(go_program(build_info())) == GoBuildInfo(
        "go1.22.1 X:boring",
        (
            GoModule("example.com/app", "(devel)"),
            GoModule("github.com/a/b", "v1.2.3"),
            GoModule("github.com/new", "v2"),
            GoModule("stdlib", "1.22.1"),
        ),
    )


@pytest.mark.parametrize(
    "data",
    [
        elf(kind=EXEC, entry=0x400040, dynamic=False),
        go_program(b"\xff Go buildinf:"),
        go_program(build_info(flags=0)),
        go_program(build_info(version=b"")),
        go_program(b"\xff Go buildinf:" + bytes([8, 2]) + bytes(16) + b"\xff" * 8),
        go_program(b"x" + build_info()),  # not at a multiple of 16
    ],
)
def test_other_programs_have_none(data: bytes) -> None:
    assert read(data) is None
