/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From real mode to bios_main() in protected mode without paging, and back for the length of a BIOS call. Segments are
 * flat: 0 to 4 GiB in protected mode, 0 in real mode.
 */
#include "layout.h"

#define CODE32 0x08
#define DATA32 0x10
#define CODE16 0x18
#define DATA16 0x20
#define REGISTERS 28 /* bytes of struct bios_registers */

    .section .text.start, "ax"
    .code16
    .globl _start
_start:
    jmp 1f
    .ascii "2K" /* bios/mbr.S looks for it */
1:  cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $REAL_STACK, %sp
    movzbl %dl, %edx
    movl %edx, drive
    /* Address line 20 by the BIOS (int 15h, 2401h) and by the port that every later chipset has. */
    sti
    movw $0x2401, %ax
    int $0x15
    cli
    inb $0x92, %al
    orb $2, %al
    andb $0xfe, %al
    outb %al, $0x92
    lgdtl gdt_pointer
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $2f

    .code32
2:  movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl $STACK, %esp
    pushl drive
    call bios_main
3:  hlt
    jmp 3b

    /* void bios_call(uint8_t interrupt, struct bios_registers *) */
    .globl bios_call
bios_call:
    pushl %ebx
    pushl %esi
    pushl %edi
    pushl %ebp
    movb 20(%esp), %al
    movb %al, interrupt
    movl 24(%esp), %esi
    movl $registers, %edi
    movl $REGISTERS / 4, %ecx
    rep movsl
    movl %esp, stack
    ljmpl $CODE16, $1f
    .code16
1:  movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl %cr0, %eax
    andb $0xfe, %al
    movl %eax, %cr0
    ljmp $0, $2f
2:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl $REAL_STACK, %esp
    lidtl real_mode_vectors
    movl registers, %eax
    movl registers + 4, %ebx
    movl registers + 8, %ecx
    movl registers + 12, %edx
    movl registers + 16, %esi
    movl registers + 20, %edi
    sti
    .byte 0xcd /* int */
interrupt:
    .byte 0
    cli
    cld
    movl %eax, %cs:registers
    movl %ebx, %cs:registers + 4
    movl %ecx, %cs:registers + 8
    movl %edx, %cs:registers + 12
    movl %esi, %cs:registers + 16
    movl %edi, %cs:registers + 20
    pushfl
    popl %cs:registers + 24
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl gdt_pointer
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $3f
    .code32
3:  movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl stack, %esp
    movl $registers, %esi
    movl 24(%esp), %edi
    movl $REGISTERS / 4, %ecx
    rep movsl
    popl %ebp
    popl %edi
    popl %esi
    popl %ebx
    ret

    /* void bios_copy(void *to, const void *from, size_t n), void bios_clear(void *to, size_t n): n is in words of
     * four bytes. memcpy() does not copy megabytes in a moment. */
    .globl bios_copy, bios_clear
bios_copy:
    pushl %esi
    pushl %edi
    movl 12(%esp), %edi
    movl 16(%esp), %esi
    movl 20(%esp), %ecx
    rep movsl
    popl %edi
    popl %esi
    ret
bios_clear:
    pushl %edi
    movl 8(%esp), %edi
    movl 12(%esp), %ecx
    xorl %eax, %eax
    rep stosl
    popl %edi
    ret

    /* NORETURN void bios_enter(uint32_t entry, const struct start_page *) */
    .globl bios_enter
bios_enter:
    movl 8(%esp), %ebx
    jmpl *4(%esp)

    .globl serial_put /* void serial_put(char): COM1, which may not be there */
serial_put:
    movl $0x10000, %ecx
    movw $0x3fd, %dx
1:  inb %dx, %al
    testb $0x20, %al
    loopz 1b
    movb 4(%esp), %al
    movw $0x3f8, %dx
    outb %al, %dx
    ret

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 32-bit code */
    .quad 0x00cf93000000ffff /* 32-bit data */
    .quad 0x00009b000000ffff /* 16-bit code */
    .quad 0x000093000000ffff /* 16-bit data */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt
real_mode_vectors:
    .word 0x3ff
    .long 0
    .balign 4
drive: .long 0
stack: .long 0
registers: .skip REGISTERS
