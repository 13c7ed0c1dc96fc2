/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: kernel stacks, thread pointer, and the ways to the program. */
#include "thread.h"

#include <asm/switch.h>
#include <u2k/platform.h>
#include <u2k/string.h>

#include "cpu.h"
#include "../vm.h"
#include "layout.h"

extern char boot_stack[KSTACK_SIZE];
NORETURN void enter_program(const struct regs *regs);
void thread_begin(void);

struct fpu_area *thread_area(const struct thread *t)
{
    char *stack = t && t->kstack ? t->kstack : boot_stack;

    return (struct fpu_area *)(void *)(stack + KSTACK_SIZE - fpu_area_size());
}

/* A non-canonical address would fault here instead of in the program, when it uses it. */
static bool canonical(uintptr_t at)
{
    return at >> 47 == 0 || at >> 47 == 0x1ffff;
}

void plat_tls_set(uintptr_t tp)
{
    if (!canonical(tp))
        return;
    if (cpu.fsgsbase)
        __asm__ volatile("wrfsbase %0" : : "r"(tp));
    else
        wrmsr(MSR_FS_BASE, tp);
}

uintptr_t plat_tls_get(void)
{
    uintptr_t tp;

    if (!cpu.fsgsbase)
        return rdmsr(MSR_FS_BASE);
    __asm__ volatile("rdfsbase %0" : "=r"(tp));
    return tp;
}

void plat_thread_switch(struct thread *prev, struct thread *next)
{
    prev->tls = plat_tls_get();
    fpu_save(thread_area(prev));
    fpu_load(thread_area(next));
    plat_tls_set(next->tls);
    cpu_set_kstack((uintptr_t)thread_area(next));
}

void plat_thread_init(struct thread *t, void *kstack, const struct regs *regs)
{
    t->kstack = kstack;
    struct fpu_area *area = thread_area(t);
    memset(area, 0, sizeof(*area)); /* XSAVE leaves most of its header alone */
    fpu_save(area);

    struct regs *top = (struct regs *)area - 1;
    *top = *regs;
    t->kstack_pointer =
        arch_switch_prepare((void *)ALIGN_DOWN((uintptr_t)top, 16), thread_begin, top);
}

void plat_thread_free(struct thread *t)
{
    (void)t; /* all of it is on the stack, which is core's */
}

NORETURN void plat_enter(const struct regs *regs)
{
    fpu_reset();
    cpu_set_kstack((uintptr_t)thread_area(current));
    enter_program(regs);
}

/* The FP area of the first thread lies where the boot code's frames have been: a stack below it comes
 * first, then the area can be cleared. */
NORETURN void thread_enter_core(void);
NORETURN void thread_enter_core(void)
{
    memset(thread_area(NULL), 0, fpu_area_size());
    core_main();
}

NORETURN void vm_enter_core(void)
{
    __asm__ volatile("movq %0, %%rsp; xorl %%ebp, %%ebp; call thread_enter_core; ud2"
                     :
                     : "r"(thread_area(NULL))
                     : "memory");
    __builtin_unreachable();
}
