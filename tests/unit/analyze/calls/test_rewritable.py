"""Which system calls can be rewritten from the instructions before them, and which need not be."""

from __future__ import annotations

import pytest

from tests.unit.analyze.calls.conftest import Analyse

SITE = """
    .globl _start
    .type _start, @function
    _start: {before}
            syscall
            {behind}
    .size _start, . - _start
"""
NOTHING_BEHIND = "ret"


def lengths(analyse: Analyse, before: str, behind: str = NOTHING_BEHIND, *flags: str) -> list[int]:
    source = SITE.format(before=before.replace(";", "\n"), behind=behind.replace(";", "\n"))
    found = analyse(source, "-static", *flags, language="assembly").rewritable
    return [length for sites in found.values() for _, length in sites]


@pytest.mark.parametrize(
    ("before", "length"),
    [
        ("mov $39, %eax", 5),
        ("mov $39, %rax", 7),
        ("xor %eax, %eax; mov $39, %eax", 5),
        ("mov 8(%rsp), %r9; mov $39, %eax; bswap %edx; mov %rcx, %rdx", 0),  # none of the known
        ("mov $39, %eax; mov %rcx, %rdx", 8),
        ("mov $39, %eax; mov %rcx, %rdx; mov %rcx, %rsi", 11),
        ("mov $39, %eax; mov %rcx, %rdx; mov %rcx, %rsi; mov %rcx, %rdi", 0),  # more than can be told
        ("mov $39, %eax; push %rdx", 0),
        ("mov $39, %eax; lea _start(%rip), %rdx", 0),  # another place, another address
    ],
)
def test_first_instruction_has_room_for_a_jump(analyse: Analyse, before: str, length: int) -> None:
    assert lengths(analyse, before) == ([length] if length else [])


@pytest.mark.parametrize("behind", ["cmp $-4095, %rax; ret", "mov %rax, %rdi; ret", "test %rax, %rax; ret"])
def test_not_told_where_the_instruction_behind_will_do(analyse: Analyse, behind: str) -> None:
    assert lengths(analyse, "mov $39, %eax", behind) == []


@pytest.mark.parametrize("behind", ["ret", "test %eax, %eax; ret", "jmp _start", "mov %eax, 8(%rip); ret"])
def test_told_where_it_will_not(analyse: Analyse, behind: str) -> None:
    assert lengths(analyse, "mov $39, %eax", behind) == [5]


def test_nothing_may_lead_into_the_middle(analyse: Analyse) -> None:
    assert lengths(analyse, "mov $39, %eax", "test %edi, %edi; jne _start + 2; ret") == []


def test_everybody_may_go_to_what_follows_the_first(analyse: Analyse) -> None:
    assert lengths(analyse, "mov $39, %eax; 2: mov %rcx, %rdx", "test %edi, %edi; jne 2b; ret") == [8]


def test_place_is_that_of_the_call(analyse: Analyse) -> None:
    source = SITE.format(before="mov $39, %eax", behind=NOTHING_BEHIND)
    found = analyse(source, "-static", "-Wl,-Ttext=0x411000", language="assembly")
    ((place, _),) = found.rewritable["/bin/program"]
    assert 5 <= place < 0x411000
