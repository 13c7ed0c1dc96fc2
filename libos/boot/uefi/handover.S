/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel to its place, then from long mode to protected mode without paging (Intel SDM volume 3, 10.8.5.4), and
 * into the kernel as PVH has it: ebx = start info. Copied to a page below 4 GiB, and runs there: rcx = that page
 * (struct handover, by Microsoft's calling convention).
 */
#include "handover.h"

    .section .rodata
    .globl handover_code, handover_code_end
    .balign 16
handover_code:
    cli
    cld
    movq %rcx, %rbx
    leaq HANDOVER_STACK(%rbx), %rsp
    movq HANDOVER_FROM(%rbx), %rsi
    movq HANDOVER_TO(%rbx), %rdi
    movq HANDOVER_BYTES(%rbx), %rcx
    rep movsb
    lgdt HANDOVER_GDT_POINTER(%rbx)
    leaq 1f(%rip), %rax
    pushq $SELECTOR_CODE32
    pushq %rax
    lretq

    .code32
1:  movl $SELECTOR_DATA32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0
    movl $0xc0000080, %ecx /* EFER: long mode and its paging off */
    rdmsr
    andl $0xfffffeff, %eax
    wrmsr
    xorl %eax, %eax
    movl %eax, %cr4
    movl HANDOVER_ENTRY(%ebx), %edx
    movl HANDOVER_START_PAGE(%ebx), %ebx
    jmp *%edx
    .code64
handover_code_end:
