/* SPDX-License-Identifier: Apache-2.0 */
/* What the host needs to find out where a panic came from. The format is in platform/vm/README.md. */
#include <u2k/sched.h>

#include "../vm.h"
#include "layout.h"

extern uintptr_t kstack_top;
extern char boot_stack[];

enum { TRACE_MAX = 24, CALL_RELATIVE = 0xe8, CALL_INDIRECT = 0xff };

/* Kernel code has no frame pointers: every word on the stack that points behind a call is shown.
 * Some will be left-overs. */
static bool follows_call(uintptr_t at)
{
    const uint8_t *p = (const uint8_t *)at;

    if (at < (uintptr_t)__text_start + 8 || at >= (uintptr_t)__text_end)
        return false;
    if (p[-5] == CALL_RELATIVE)
        return true;
    for (int n = 2; n <= 7; n++)
        if (p[-n] == CALL_INDIRECT && (p[-n + 1] >> 3 & 7) == 2)
            return true;
    return false;
}

void vm_panic_trace(const struct regs *regs)
{
    /* In the order of struct regs. */
    static const char names[] = "r15r14r13r12rbprbxr11r10 r9 r8raxrcxrdxrsirdiorgrip csflgrsp ss";
    const uintptr_t *sp = __builtin_frame_address(0);
    uint64_t cr2, cr3;

    __asm__ volatile("movq %%cr2, %0; movq %%cr3, %1" : "=r"(cr2), "=r"(cr3));
    if (regs) {
        const uint64_t *value = (const uint64_t *)regs;
        for (const char *name = names; *name; name += 9, value += 3)
            vm_panic_line("%.3s=%016lx %.3s=%016lx %.3s=%016lx", name, value[0], name + 3, value[1],
                          name + 6, value[2]);
        if (!(regs->cs & 3)) {
            vm_panic_line("at %lx", regs->rip);
            sp = (const uintptr_t *)regs->rsp;
        }
    }
    vm_panic_line("cr2=%016lx cr3=%016lx", cr2, cr3);

    uintptr_t at = (uintptr_t)sp,
              end = kstack_top ? kstack_top : (uintptr_t)boot_stack + KSTACK_SIZE;
    if (at < DIRECT_BASE || at & 7)
        return; /* a broken stack pointer */
    if (at >= end || end - at > KSTACK_SIZE)
        end = ALIGN_UP(at + 1, PAGE_SIZE); /* another stack: its page at least is there */
    for (unsigned n = 0; n < TRACE_MAX && (uintptr_t)sp < end; sp++)
        if (follows_call(*sp)) {
            vm_panic_line("at %lx",
                          *sp - 1); /* within the call: what follows may be another function */
            n++;
        }
}
