/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From either way in to vm_boot() in the upper half. All general memory below 1 GiB is mapped
 * twice by one table: at its physical address until the kernel runs above, and at DIRECT_BASE.
 *
 * PVH: 32-bit protected mode, paging off, ebx = struct hvm_start_info.
 * Linux 64-bit: long mode with an identity map, rsi = struct boot_params.
 */
#include "layout.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)
#define MSR_EFER 0xc0000080
#define EFER_SCE_LME_NXE 0x901
#define CR4_PAE_PGE_OSFXSR_OSXMMEXCPT 0x6a0
#define CR0_PG_AM_WP_NE_ET_MP_PE 0x80050033

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad PHYSICAL(pvh_start)

    /* The same text assembles for 32 and 64 bits. bss is zero: tables need their used entries only. */
    .macro make_tables
    movl $PHYSICAL(pml4), %edi
    movl $PHYSICAL(direct_pdpt) + PTE_PRESENT + PTE_WRITE, %eax
    movl %eax, (%edi)
    movl %eax, DIRECT_SLOT * 8(%edi)
    movl $PHYSICAL(kernel_pdpt) + PTE_PRESENT + PTE_WRITE, %eax
    movl %eax, 511 * 8(%edi)
    movl $PHYSICAL(kernel_pdpt), %edi
    movl $PHYSICAL(kernel_pd) + PTE_PRESENT + PTE_WRITE, %eax
    movl %eax, 510 * 8(%edi)
    movl $PHYSICAL(kernel_pd), %edi
    movl $PTE_PRESENT + PTE_WRITE + PTE_LARGE, %eax
    movl %eax, (%edi)
    movl $PHYSICAL(direct_pdpt), %edi
    movl $PHYSICAL(direct_pd) + PTE_PRESENT + PTE_WRITE, %eax
    movl %eax, (%edi)
    movl $PHYSICAL(direct_pd), %edi
    movl $PTE_PRESENT + PTE_WRITE + PTE_LARGE + PTE_GLOBAL, %eax
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    cmpl $0x40000000, %eax
    jb 1b
    movl $MSR_EFER, %ecx
    movl $EFER_SCE_LME_NXE, %eax
    xorl %edx, %edx
    .endm

    .section .text.boot, "ax"
    .code32
    .globl pvh_start
    .hidden pvh_start
pvh_start:
    cld
    make_tables
    wrmsr
    lgdt PHYSICAL(gdt_physical)
    movl $CR4_PAE_PGE_OSFXSR_OSXMMEXCPT, %eax
    movl %eax, %cr4
    movl $PHYSICAL(pml4), %eax
    movl %eax, %cr3
    movl $CR0_PG_AM_WP_NE_ET_MP_PE, %eax
    movl %eax, %cr0
    ljmp $SELECTOR_KERNEL_CODE, $PHYSICAL(1f)

    .code64
1:  movl %ebx, %esi
    xorl %edi, %edi
    jmp 2f

    .globl linux_start
    .hidden linux_start
linux_start:
    cld
    cli
    make_tables
    movl $EFER_SCE_LME_NXE | 0x400, %eax /* LMA is there and stays */
    wrmsr
    movl $CR4_PAE_PGE_OSFXSR_OSXMMEXCPT, %eax
    movq %rax, %cr4
    movl $PHYSICAL(pml4), %eax
    movq %rax, %cr3
    movl $CR0_PG_AM_WP_NE_ET_MP_PE, %eax
    movq %rax, %cr0
    lgdt PHYSICAL(gdt_physical)
    movl $PHYSICAL(boot_stack) + KSTACK_SIZE, %esp
    pushq $SELECTOR_KERNEL_CODE
    pushq $PHYSICAL(1f)
    lretq
1:  movl $1, %edi

2:  movq $3f, %rax
    jmp *%rax
3:  lgdt gdt_virtual(%rip)
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $SELECTOR_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    leaq boot_stack + KSTACK_SIZE(%rip), %rsp
    call vm_boot
    ud2

    .section .data.gdt, "aw"
    .balign 8
    .globl gdt
    .hidden gdt
gdt:
    .quad 0, 0
    .quad 0x00af9b000000ffff /* 0x10 kernel code */
    .quad 0x00cf93000000ffff /* 0x18 kernel data */
    .quad 0                  /* 0x20 32-bit programs: none */
    .quad 0x00cff3000000ffff /* 0x28 program data */
    .quad 0x00affb000000ffff /* 0x30 program code */
    .quad 0
    .quad 0, 0               /* 0x40 TSS, filled in by cpu.c */
gdt_end:
gdt_physical:
    .word gdt_end - gdt - 1
    .quad PHYSICAL(gdt)
    .balign 8
gdt_virtual:
    .word gdt_end - gdt - 1
    .quad gdt

    .section .bss.pages, "aw", @nobits
    .balign 4096
    .globl boot_stack, pml4, direct_pdpt, direct_pd, kernel_pt, kernel_pd
    .hidden boot_stack, pml4, direct_pdpt, direct_pd, kernel_pt, kernel_pd
boot_stack: .skip KSTACK_SIZE
pml4: .skip 4096
direct_pdpt: .skip 4096
direct_pd: .skip 4096
kernel_pdpt: .skip 4096
kernel_pd: .skip 4096
kernel_pt: .skip 4096

    .section .note.GNU-stack, "", @progbits
