"""Paths of virtual file systems in an object: they count if code that can run gets at the text."""

from __future__ import annotations

import pytest

from tests.unit.analyze.calls.conftest import Analyse

SHAPES = {"PIE": ("-pie", "-fpie"), "fixed address": ("-static", "-no-pie", "-fno-pie")}
USE = """
__attribute__((noinline)) void use(const char *text) { __asm__ volatile("" :: "r"(text) : "memory"); }
"""


def texts(analyse: Analyse, source: str, *flags: str) -> list[str]:
    found = analyse(USE + source, *flags, "-s")
    return [text.decode() for text in found.texts["/bin/program"]]


@pytest.mark.parametrize("flags", SHAPES.values(), ids=SHAPES)
def test_a_text_of_dead_code_does_not_count(analyse: Analyse, flags: tuple[str, ...]) -> None:
    source = """
    void never(void) { use("/proc/never/asked/for"); use("/sys/class/never"); }
    void _start(void) { use("/proc/self/status"); }
    """
    assert texts(analyse, source, *flags) == ["/proc/self/status"]


@pytest.mark.parametrize("flags", SHAPES.values(), ids=SHAPES)
def test_a_text_behind_a_pointer_in_data(analyse: Analyse, flags: tuple[str, ...]) -> None:
    source = """
    const char *volatile table[2] = {"/proc/first/text", "/proc/second/text"};
    const char *volatile other[2] = {"/proc/third/text", "/proc/fourth/text"};
    void never(int n) { use(other[n]); }
    void _start(int n) { use(table[n]); }
    """
    assert texts(analyse, source, *flags) == ["/proc/first/text", "/proc/second/text"]


@pytest.mark.parametrize("flags", SHAPES.values(), ids=SHAPES)
def test_the_end_of_a_text_is_a_text(analyse: Analyse, flags: tuple[str, ...]) -> None:
    """Linkers merge a string into the end of a longer one, so its address lies inside."""
    source = """
        .globl _start
        _start: lea inside(%rip), %rdi
                ud2
        never:  lea text(%rip), %rdi
                ud2
        .section .rodata
        before: .asciz "something else"
        text:   .ascii "/proc/self/"
        inside: .asciz "maps"
        after:  .asciz "more"
        """
    found = analyse(source, *flags, "-s", language="assembly")
    assert found.texts["/bin/program"] == (b"/proc/self/maps",)


@pytest.mark.parametrize("load", ["movdqu text(%rip), %xmm0", "mov text+8(%rip), %rax"])
def test_a_text_that_is_copied_word_by_word(analyse: Analyse, load: str) -> None:
    source = f"""
        .globl _start
        _start: {load}
                ud2
        never:  lea text(%rip), %rdi
                lea other(%rip), %rdi
                ud2
        .section .rodata
        before: .asciz "something else"
        text:   .asciz "/proc/self/mountinfo"
        other:  .asciz "/proc/other/mountinfo"
        """
    found = analyse(source, "-pie", "-s", language="assembly")
    assert found.texts["/bin/program"] == (b"/proc/self/mountinfo",)


def test_a_text_in_instructions_is_that_of_the_function(analyse: Analyse) -> None:
    """movabs $"/proc/se", %rax"""
    source = """
        .globl _start
        _start: .cfi_startproc
                movabs $0x2f636f72702f, %rax
                ud2
                .cfi_endproc
        never:  .cfi_startproc
                movabs $0x2f7665642f, %rax
                ud2
                .cfi_endproc
        """
    found = analyse(source, "-pie", "-s", language="assembly")
    assert found.texts["/bin/program"] == (b"/proc/",)


def test_what_nobody_computes_counts(analyse: Analyse) -> None:
    """How it is got at is not known: by a number that the program makes, or a constant read in place."""
    source = """
        .globl _start
        _start: ud2
        .section .rodata
        text:   .asciz "/proc/self/mountinfo"
        """
    found = analyse(source, "-pie", "-s", language="assembly")
    assert found.texts["/bin/program"] == (b"/proc/self/mountinfo",)
