"""Go's function table, in all its formats, with and without section headers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from converter.elf.header import read_elf
from converter.elf.memory import ElfMemory
from converter.elf.pclntab import GoFunction, go_functions
from tests.builders.programs import compiled

_CODE = """
        .globl _start
        .globl first
        .globl second
        .globl end
        .text
text:   nop
_start: hlt
first:  nop
        ret
second: ret
end:
"""
_OFFSETS = """
        .section .gopclntab, "a"
        .p2align 3
table:  .long {magic}
        .byte 0, 0, 1, 8
        .quad 2, 0, {text}, names - table, 0, 0, 0, functions - table
names:  .asciz "main.first"
name:   .asciz "main.(*T).second"
        .p2align 3
functions: .long first - text, one - functions, second - text, two - functions, end - text
one:    .long first - text, 0
two:    .long second - text, name - names
"""
_ADDRESSES = """
        .section .gopclntab, "a"
        .p2align 3
table:  .long 0xfffffffa
        .byte 0, 0, 1, 8
        .quad 2, 0, names - table, 0, 0, 0, functions - table, 0
names:  .asciz "main.first"
name:   .asciz "main.(*T).second"
        .p2align 3
functions: .quad first, one - functions, second, two - functions, end
one:    .quad first
        .long 0
two:    .quad second
        .long name - names
"""
TABLES = {
    "Go 1.16": _ADDRESSES,
    "Go 1.18": _OFFSETS.format(magic="0xfffffff0", text="text"),
    "Go 1.20": _OFFSETS.format(magic="0xfffffff1", text="text"),
    "Go 1.26": _OFFSETS.format(magic="0xfffffff1", text="0"),  # the text's start is left out
}


def memory_of(data: bytes) -> ElfMemory:
    return ElfMemory(data, read_elf(io.BytesIO(data), len(data), "/bin/go"))


def without_sections(data: bytes) -> bytes:
    """As `strip --strip-section-headers` leaves it."""
    return data[:40] + bytes(8) + data[48:58] + bytes(6) + data[64:]


@pytest.fixture
def expected(tmp_path: Path) -> list[GoFunction]:
    import lief

    file = lief.ELF.parse(list(compiled(tmp_path, _CODE, "-static", name="plain", language="assembly")))
    assert file is not None
    at = {str(each.name): int(each.value) for each in file.symtab_symbols}
    return [
        GoFunction(at["first"], at["second"], b"main.first"),
        GoFunction(at["second"], at["end"], b"main.(*T).second"),
    ]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_functions(tmp_path: Path, expected: list[GoFunction], table: str) -> None:
    data = compiled(tmp_path, _CODE + table, "-static", language="assembly")
    assert go_functions(memory_of(data)) == expected


@pytest.mark.parametrize("name", ["Go 1.16", "Go 1.18", "Go 1.20"])
def test_without_section_headers_the_table_is_searched_for(
    tmp_path: Path, expected: list[GoFunction], name: str
) -> None:
    data = compiled(tmp_path, _CODE + TABLES[name], "-static", language="assembly")
    memory = memory_of(without_sections(data))
    assert memory.sections == ()
    assert go_functions(memory) == expected


def test_other_programs_have_none(tmp_path: Path) -> None:
    assert go_functions(memory_of(compiled(tmp_path, _CODE, "-static", language="assembly"))) == []


@pytest.mark.parametrize("field", ["0xfffffff2", "0"])
def test_unknown_formats_have_none(tmp_path: Path, field: str) -> None:
    table = _OFFSETS.format(magic=field, text="text")
    assert go_functions(memory_of(compiled(tmp_path, _CODE + table, "-static", language="assembly"))) == []
