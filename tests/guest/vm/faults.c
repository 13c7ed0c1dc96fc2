/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way to fault that an emulator knows too. The core logs each and goes on at the caller, so the
 * functions are naked and have nothing on the stack when they fault.
 */
#include "guest.h"

#define FAULT(name, code) \
    __attribute__((naked, noinline)) static void name(void) \
    { \
        __asm__ volatile(code "\n\tret"); \
    }

FAULT(divide, "xorl %ecx, %ecx\n\t xorl %edx, %edx\n\t movl $1, %eax\n\t divl %ecx")
FAULT(undefined, "ud2")
FAULT(breakpoint, "int3")
FAULT(int80, "int $0x80")
FAULT(device_vector, "int $0x21")
FAULT(halt, "hlt")
FAULT(interrupts_off, "cli")
FAULT(port, "inb $0x60, %al")
FAULT(control_register, "movq %cr0, %rax")
FAULT(not_canonical, "movabsq $0x8000000000000000, %rax\n\t movq (%rax), %rax")
FAULT(kernel_read, "movq $0xffffffff80100000, %rax\n\t movq (%rax), %rax")
FAULT(null_write, "xorl %eax, %eax\n\t movl %eax, (%rax)")
FAULT(no_execute, "movl $0x10000000, %eax\n\t movb $0xc3, (%rax)\n\t jmp *%rax")
FAULT(single_step, "pushfq\n\t orl $0x100, (%rsp)\n\t popfq\n\t nop")
FAULT(
    x87,
    "fninit\n\t pushq $0x340\n\t fldcw (%rsp)\n\t popq %rax\n\t fld1\n\t fldz\n\t fdivrp\n\t fwait")

void test_faults(void)
{
    static void (*const all[])(void) = {divide,         undefined,     breakpoint,
                                        int80,          device_vector, halt,
                                        interrupts_off, port,          control_register,
                                        not_canonical,  kernel_read,   null_write,
                                        no_execute,     single_step,   x87};

    for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
        all[i]();
    say("survived\n");
}
