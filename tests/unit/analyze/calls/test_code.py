"""Which code belongs to a function, and what is no code."""

from __future__ import annotations

import pytest

from tests.unit.analyze.calls.conftest import Analyse

SWITCH = """
        .globl _start
_start: lea table(%rip), %rdx
        movslq (%rdx, %rdi, 4), %rax
        add %rdx, %rax
        jmp *%rax
.Lconstant: .byte 0xb8, 0x68, 0, 0, 0, 0x0f, 0x05, 0x0f, 0x0b  # a constant that looks like getgid(2)
.Lone:  mov $39, %eax
        syscall
        ud2
.Ltwo:  mov $102, %eax
        syscall
        ud2
        .section .rodata
        .p2align 2
table:  .long .Lone - table, .Ltwo - table
"""


@pytest.mark.parametrize("shape", ["-static-pie", "-static"])
def test_cases_of_a_jump_table(analyse: Analyse, shape: str) -> None:
    """Code that nothing describes is followed; the table says where its computed jump goes."""
    found = analyse(SWITCH, shape, language="assembly")
    assert list(found.syscalls) == ["getpid", "getuid"]


def test_cases_in_a_cold_part(analyse: Analyse) -> None:
    """A case that the compiler moved away from its function, which only the table leads to."""
    cold = SWITCH.replace("_start: lea", ".type _start, @function\n_start: .cfi_startproc\nlea")
    cold = cold.replace(".Ltwo:", ".size _start, . - _start\n.cfi_endproc\nnop\n.Ltwo: .cfi_startproc\n")
    cold = cold.replace(".section .rodata", ".cfi_endproc\n.section .rodata")
    found = analyse(cold, "-static-pie", language="assembly")
    assert {"getpid", "getuid"} <= set(found.syscalls)


def test_case_outside_of_all_tables_does_not_count(analyse: Analyse) -> None:
    found = analyse(SWITCH.replace(", .Ltwo - table", ""), "-static-pie", language="assembly")
    assert list(found.syscalls) == ["getpid"]


CATCH = """
        .globl _start
_start: .cfi_startproc
        .cfi_personality 0x1b, personality
        .cfi_lsda 0x1b, .Llsda
.Ltry:  call throws
.Ltried: ud2
        .cfi_endproc
pad:    .cfi_startproc
        mov $102, %eax
        syscall
        ud2
        .cfi_endproc
throws: .cfi_startproc
        ret
        .cfi_endproc
personality: .cfi_startproc
        ret
        .cfi_endproc
what:   .cfi_startproc
        mov $39, %eax
        syscall
        ret
        .cfi_endproc
        .section .gcc_except_table, "a"
        .p2align 2
.Llsda: .byte 0xff, 0x9b
        .uleb128 .Ltypes - .Lcalls
.Lcalls: .byte 0x01
        .uleb128 .Lactions - .Lsites
.Lsites: .uleb128 .Ltry - _start, .Ltried - .Ltry, pad - _start, ACTION
.Lactions: .byte 1, 0
        .p2align 2
        .long reference - .
.Ltypes:
        .data
reference: .quad type
        .quad 0
type:   .quad what
"""


@pytest.mark.parametrize(("action", "expected"), [(1, ["getpid", "getuid"]), (0, ["getuid"])])
def test_where_exceptions_land(analyse: Analyse, action: int, expected: list[str]) -> None:
    """Only the language-specific data leads to the pad; and catching by type compares type objects, whose
    functions run. A cleanup, action 0, catches nothing.
    """
    found = analyse(CATCH.replace("ACTION", str(action)), "-static-pie", language="assembly")
    assert list(found.syscalls) == expected
