/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's side of a thread. Without a way to enter the program there is nothing to keep; a
 * port keeps FP state and thread pointer of each thread, and prepares a new kernel stack with
 * arch_switch_prepare() (asm/switch.h) so that it leaves for the program.
 */
#include <u2k/errno.h>
#include <u2k/platform.h>
#include <u2k/sched.h>

static uintptr_t thread_pointer;

void plat_tls_set(uintptr_t tp)
{
    thread_pointer = tp;
}
uintptr_t plat_tls_get(void)
{
    return thread_pointer;
}

void plat_thread_switch(struct thread *prev, struct thread *next)
{
    prev->tls = thread_pointer;
    thread_pointer = next->tls;
}

void plat_thread_init(struct thread *t, void *kstack, const struct regs *regs)
{
    (void)t, (void)kstack, (void)regs;
    plat_panic("this platform cannot run threads", regs);
}

void plat_thread_free(struct thread *t)
{
    (void)t;
}

NORETURN void plat_enter(const struct regs *regs)
{
    plat_panic("this platform cannot run programs", regs);
}

size_t plat_fpu_size(void)
{
    return 0;
}

int plat_fpu_save(void *user_buf)
{
    (void)user_buf;
    return 0; /* all of its no bytes */
}

int plat_fpu_restore(const void *user_buf)
{
    (void)user_buf;
    return 0;
}
