/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sector 0. The BIOS has it at 0x7c00 and the drive in dl. Reads the loader, whose place the converter writes into
 * the packet at the end of the code (formats/disk/image.py), by int 13h, function 42h (EDD 1.1), and goes there.
 */
#include "layout.h"

    .code16
    .text
    .globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $STACK, %sp
    sti
    ljmp $0, $1f
1:  movb $0x42, %ah
    movw $packet, %si
    int $0x13
    jc failed
    cmpw $0x4b32, LOADER + 2 /* "2K": there is a loader there */
    jne failed
    ljmp $0, $LOADER

failed:
    movw $text, %si
1:  lodsb
    testb %al, %al
    jz 2f
    movb $0x0e, %ah
    movw $7, %bx
    int $0x10
    jmp 1b
2:  hlt
    jmp 2b
text:
    .asciz "u2k: the boot loader cannot be read\r\n"

    .org 424 /* MBR_PACKET: 440 bytes are code, then come the disk's signature and the partitions */
packet:
    .byte 16, 0
    .word 0         /* sectors */
    .word LOADER, 0 /* offset, segment */
    .quad 0         /* first sector */
