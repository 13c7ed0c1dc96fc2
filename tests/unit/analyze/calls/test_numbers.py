"""Where the number of a system call comes from."""

from __future__ import annotations

import pytest

from tests.unit.analyze.calls.conftest import Analyse

START = "void _start(void) { %s }"
SHAPES = {
    "static": ("-static", "-no-pie", "-fno-pie"),
    "static pie": ("-static-pie", "-fpie"),
    "pie": ("-pie", "-fpie", "-Wl,--dynamic-linker=/ld.so"),
}


@pytest.mark.parametrize("flags", SHAPES.values(), ids=SHAPES)
def test_constant_in_the_same_function(analyse: Analyse, flags: tuple[str, ...]) -> None:
    found = analyse(START % "call(39, 0, 0, 0); call(231, 0, 0, 0);", *flags)
    assert list(found.syscalls) == ["exit_group", "getpid"]
    assert found.unresolved == ()


@pytest.mark.parametrize("flags", SHAPES.values(), ids=SHAPES)
def test_wrapper_of_a_wrapper(analyse: Analyse, flags: tuple[str, ...]) -> None:
    found = analyse(
        """
        __attribute__((noinline)) long inner(long a, long n) { return call(n, a, 0, 0); }
        __attribute__((noinline)) long outer(long n) { return inner(1, n) + 1; }
        void _start(void) { outer(39); outer(102); inner(0, 60); }
        """,
        *flags,
    )
    assert list(found.syscalls) == ["exit", "getpid", "getuid"]
    assert found.unresolved == ()
    assert "number from _start" in found.syscalls["getpid"][0].detail


def test_choice_between_numbers(analyse: Analyse) -> None:
    found = analyse("void _start(int a) { call(a > 3 ? 39 : 102, 0, 0, 0); }")
    assert list(found.syscalls) == ["getpid", "getuid"]


def test_number_on_the_stack(analyse: Analyse) -> None:
    """Go's old calling convention: arguments of the wrapper lie on the stack."""
    found = analyse(
        """
        .globl _start
        _start: push $39
                call wrapper
                add $8, %rsp
                sub $24, %rsp
                movq $102, (%rsp)
                call wrapper
                hlt
        wrapper: mov 8(%rsp), %rax
                 syscall
                 ret
        """,
        "-static",
        language="assembly",
    )
    assert list(found.syscalls) == ["getpid", "getuid"]
    assert found.unresolved == ()


def test_number_from_memory_fails_closed(analyse: Analyse) -> None:
    found = analyse("long number; void _start(void) { call(number, 0, 0, 0); call(39, 0, 0, 0); }")
    assert list(found.syscalls) == ["getpid"]
    (site,) = found.unresolved
    assert (site.binary, site.function, site.what) == ("/bin/program", "_start", "system call number")


def test_counting_loop_fails_closed(analyse: Analyse) -> None:
    found = analyse("void _start(void) { for (long n = 0;; n += 3) call(n, 0, 0, 0); }")
    assert len(found.unresolved) == 1


def test_wrapper_in_a_table_fails_closed(analyse: Analyse) -> None:
    found = analyse(
        """
        __attribute__((noinline)) long wrapper(long n) { return call(n, 0, 0, 0); }
        long (*volatile table[2])(long) = {wrapper, wrapper};
        void _start(int at) { wrapper(39); table[at](at); }
        """
    )
    assert list(found.syscalls) == ["getpid"]
    assert [site.function for site in found.unresolved] == ["wrapper"]


def test_wrapper_called_through_a_register(analyse: Analyse) -> None:
    """Compilers load the address of a function that is called often, once."""
    found = analyse(
        """
        .globl _start
        _start: lea wrapper(%rip), %rbx
                mov $39, %edi
                call *%rbx
                mov $102, %edi
                call *%rbx
                hlt
        wrapper: mov %rdi, %rax
                 syscall
                 ret
        """,
        "-static-pie",
        language="assembly",
    )
    assert list(found.syscalls) == ["getpid", "getuid"]
    assert found.unresolved == ()


def test_wrapper_handed_to_others_fails_closed(analyse: Analyse) -> None:
    found = analyse(
        """
        .globl _start
        _start: lea wrapper(%rip), %rbx
                mov $39, %edi
                call *%rbx
                mov %rbx, (%rsi)
                hlt
        wrapper: mov %rdi, %rax
                 syscall
                 ret
        """,
        "-static-pie",
        language="assembly",
    )
    assert len(found.unresolved) == 1


def test_number_known_by_a_comparison(analyse: Analyse) -> None:
    """musl's read: GCC knows from the branch that the register holds 0, the number of read."""
    found = analyse(
        """
        .globl _start
        _start: mov (%rdi), %rax
                test %rax, %rax
                je 1f
                mov $39, %eax
                syscall
                hlt
        1:      syscall
                hlt
        """,
        "-static",
        language="assembly",
    )
    assert list(found.syscalls) == ["getpid", "read"]
    assert found.unresolved == ()


def test_number_in_read_only_data(analyse: Analyse) -> None:
    found = analyse(
        """
        .globl _start
        _start: mov number(%rip), %eax
                syscall
                hlt
        .section .rodata
        number: .quad 39
        """,
        "-static-pie",
        language="assembly",
    )
    assert list(found.syscalls) == ["getpid"]


def test_32_bit_interface_is_refused(analyse: Analyse) -> None:
    found = analyse('void _start(void) { __asm__ volatile("mov $20, %eax; int $0x80"); }')
    assert found.syscalls == {}
    assert "int 0x80" in found.unresolved[0].reason


def test_pointer_that_the_kernel_destroys(analyse: Analyse) -> None:
    """musl's handler of cancellation compares with labels of the wrapper, and makes a call of its own."""
    found = analyse(
        """
        .globl _start
        _start: lea wrapper(%rip), %rcx
                cmp %rcx, %rsi
                jb 1f
                xor %ecx, %ecx
                mov $39, %edi
                call wrapper
        1:      mov $102, %eax
                syscall
                ret
        wrapper: mov %rdi, %rax
                 syscall
                 ret
        """,
        "-static-pie",
        language="assembly",
    )
    assert list(found.syscalls) == ["getpid", "getuid"]
    assert found.unresolved == ()


def test_wrapper_that_the_kernel_gets_fails_closed(analyse: Analyse) -> None:
    """A signal handler, for one: the kernel calls it with whatever it likes."""
    found = analyse(
        """
        .globl _start
        _start: lea wrapper(%rip), %rsi
                mov $13, %eax
                syscall
                hlt
        wrapper: mov %rdi, %rax
                 syscall
                 ret
        """,
        "-static-pie",
        language="assembly",
    )
    assert len(found.unresolved) == 1


def test_number_in_a_register_that_a_called_function_leaves_alone(analyse: Analyse) -> None:
    """The calling convention gives it away; compilers keep it all the same where they know the function."""
    found = analyse(
        """
        long counter;
        static __attribute__((noinline)) void tick(void) { counter++; __asm__ volatile(""); }
        __attribute__((noinline)) long go(long n) { tick(); return call(n, 0, 0, 0); }
        void _start(void) { go(39); go(102); }
        """
    )
    assert list(found.syscalls) == ["getpid", "getuid"]
    assert found.unresolved == ()
