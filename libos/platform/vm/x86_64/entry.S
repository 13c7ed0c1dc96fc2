/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the program into the library OS and back. With one CPU and a kernel at a fixed address there
 * is nothing to find through GS: no SWAPGS, the program's GS base just stays. Interrupts are off in
 * all kernel code, so an entry is never nested but by an exception in a copy routine, or by NMI,
 * double fault and machine check, which have a stack of their own.
 */
#include "layout.h"

#define R_RAX 80
#define R_RCX 88
#define R_R11 48
#define R_RIP 128
#define R_CS 136
#define R_EFLAGS 144
#define R_RSP 152
#define EFLAGS_TF_RF 0x10100

    .macro push_rest /* below rdi: the rest of struct regs */
    pushq %rsi
    pushq %rdx
    pushq %rcx
    .endm
    .macro push_low
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm
    .macro pop_callee_saved
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    .endm

    .text
    .globl syscall_entry
    .hidden syscall_entry
    .type syscall_entry, @function
syscall_entry:
    movq %rsp, program_sp(%rip)
    movq kstack_top(%rip), %rsp
    pushq $SELECTOR_USER_DATA
    pushq program_sp(%rip)
    pushq %r11
    pushq $SELECTOR_USER_CODE
    pushq %rcx
    pushq %rax
    pushq %rdi
    push_rest
    pushq $-38 /* -ENOSYS until core says otherwise */
    push_low
    movq %rsp, %rdi
    subq $8, %rsp
    call core_syscall
    addq $8, %rsp
    /* SYSRET can only go where SYSCALL came from: rip = rcx, flags = r11. A non-canonical rip would
     * fault in the kernel on Intel's CPUs; TF and RF need IRET. */
    movq R_RIP(%rsp), %rcx
    movq R_EFLAGS(%rsp), %r11
    cmpq %rcx, R_RCX(%rsp)
    jne 1f
    cmpq %r11, R_R11(%rsp)
    jne 1f
    testl $EFLAGS_TF_RF, %r11d
    jnz 1f
    movq %rcx, %rax
    shrq $47, %rax
    jnz 1f
    cmpl $SELECTOR_USER_CODE, R_CS(%rsp)
    jne 1f
    pop_callee_saved
    addq $8, %rsp
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    addq $8, %rsp
    popq %rdx
    popq %rsi
    popq %rdi
    movq R_RSP - 120(%rsp), %rsp
    sysretq
1:  movq %rsp, %rdi
    subq $8, %rsp
    call trap_leave
    addq $8, %rsp
    jmp restore_all
    .size syscall_entry, . - syscall_entry

    /* Called by a stub, whose address tells the vector. The CPU aligns the stack before it pushes five words
     * or, with an error code, six (SDM volume 3, 6.14.2); where there is none, a 0 takes its place. */
    .type trap_common, @function
trap_common:
    testb $8, %spl
    jnz 1f
    pushq (%rsp)
    movq $0, 8(%rsp)
1:  cld
    xchgq %rdi, (%rsp)
    push_rest
    pushq %rax
    push_low
    movq %rsp, %rsi
    subq $8, %rsp
    call trap
    addq $8, %rsp
restore_all:
    pop_callee_saved
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $8, %rsp
    iretq
    .size trap_common, . - trap_common

    /* void enter_program(const struct regs *) */
    .globl enter_program
    .hidden enter_program
    .type enter_program, @function
enter_program:
    movq %rdi, %rsp
    jmp restore_all
    .size enter_program, . - enter_program

    /* Where a new thread begins: struct regs in rbx (asm/switch.h). */
    .globl thread_begin
    .hidden thread_begin
    .type thread_begin, @function
thread_begin:
    movq %rbx, %rsp
    jmp restore_all
    .size thread_begin, . - thread_begin

    .globl vector_stubs
    .hidden vector_stubs
    .type vector_stubs, @function
vector_stubs: /* STUB_SIZE bytes each */
    .rept VECTORS
    call trap_common
    .endr
    .size vector_stubs, . - vector_stubs

    .bss
    .balign 8
    .globl kstack_top
    .hidden kstack_top
kstack_top: .quad 0
program_sp: .quad 0

    .section .note.GNU-stack, "", @progbits
