/* SPDX-License-Identifier: Apache-2.0 */
/* arch_switch(): the registers that a function has to keep (AAPCS64 6.1.1), as struct switch_frame. */
#include <asm/switch.h>
#include <u2k/arch.h>

__asm__(
    ".pushsection .text.arch_switch, \"ax\"\n\t"
    ".globl arch_switch\n\t"
    ".hidden arch_switch\n\t"
    ".type arch_switch, %function\n"
    "arch_switch:\n\t"
    "stp x29, x30, [sp, #-16]!\n\t"
    "stp x27, x28, [sp, #-16]!\n\t"
    "stp x25, x26, [sp, #-16]!\n\t"
    "stp x23, x24, [sp, #-16]!\n\t"
    "stp x21, x22, [sp, #-16]!\n\t"
    "stp x19, x20, [sp, #-16]!\n\t"
    "mov x9, sp\n\t"
    "str x9, [x0]\n\t"
    "mov sp, x1\n\t"
    "ldp x19, x20, [sp], #16\n\t"
    "ldp x21, x22, [sp], #16\n\t"
    "ldp x23, x24, [sp], #16\n\t"
    "ldp x25, x26, [sp], #16\n\t"
    "ldp x27, x28, [sp], #16\n\t"
    "ldp x29, x30, [sp], #16\n\t"
    "ret\n\t"
    ".size arch_switch, . - arch_switch\n\t"
    ".popsection");

_Static_assert(sizeof(struct switch_frame) == 12 * 8, "six pairs");
