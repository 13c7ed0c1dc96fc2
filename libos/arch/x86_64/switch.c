/* SPDX-License-Identifier: Apache-2.0 */
/* arch_switch(): the registers that a function has to keep (psABI 3.2.1), as struct switch_frame. */
#include <asm/switch.h>
#include <u2k/arch.h>

__asm__(
    ".pushsection .text.arch_switch, \"ax\"\n\t"
    ".globl arch_switch\n\t"
    ".hidden arch_switch\n\t"
    ".type arch_switch, @function\n"
    "arch_switch:\n\t"
    "pushq %rbp\n\t"
    "pushq %rbx\n\t"
    "pushq %r12\n\t"
    "pushq %r13\n\t"
    "pushq %r14\n\t"
    "pushq %r15\n\t"
    "movq %rsp, (%rdi)\n\t"
    "movq %rsi, %rsp\n\t"
    "popq %r15\n\t"
    "popq %r14\n\t"
    "popq %r13\n\t"
    "popq %r12\n\t"
    "popq %rbx\n\t"
    "popq %rbp\n\t"
    "ret\n\t"
    ".size arch_switch, . - arch_switch\n\t"
    ".popsection");

_Static_assert(sizeof(struct switch_frame) == 7 * 8, "six registers and the return address");
