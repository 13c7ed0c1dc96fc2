/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot loader that speaks the Linux 64-bit protocol (Documentation/arch/x86/boot.rst), since QEMU
 * starts an ELF kernel by PVH only. It is itself started by PVH, at LOADER_AT; the test puts the
 * kernel's entry into its first eight bytes. RAM is said to end at LOADER_AT.
 */
#define LOADER_AT 0x3000000
#define TABLES (LOADER_AT + 0x3000)

    .section .text, "ax"
    .globl loader
loader:
    .quad 0
    .code32
    .org 16
    movl $TABLES + 0x1003, TABLES
    movl $TABLES + 0x2003, TABLES + 0x1000
    movl $TABLES + 0x2000, %edi
    movl $0x83, %eax
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    cmpl $0x40000000, %eax
    jb 1b
    lgdt LOADER_AT + (gdt_pointer - loader)
    movl $0x20, %eax
    movl %eax, %cr4
    movl $TABLES, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80000011, %eax
    movl %eax, %cr0
    ljmp $0x10, $LOADER_AT + (1f - loader)
    .code64
1:  movl $0x18, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $LOADER_AT + 0x1000, %esi
    movq LOADER_AT, %rax
    jmp *%rax

    .balign 8
gdt:
    .quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .word 31
    .long LOADER_AT + (gdt - loader)

    .org 0x1000 + 0x1e8 /* struct boot_params */
    .byte 2
    .org 0x1000 + 0x228
    .long LOADER_AT + 0x2000
    .org 0x1000 + 0x2d0
    .quad 0, 0x9fc00
    .long 1
    .quad 0x100000, LOADER_AT - 0x100000
    .long 1
    .org 0x2000
    .asciz "console=ttyS0 test=hello quiet"
    .org 0x6000
