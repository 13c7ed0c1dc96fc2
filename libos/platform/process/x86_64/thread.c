/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the program: one host thread runs them all; each has its kernel stack with the host's
 * frame on it, and its FS base, which no signal frame carries. */
#include "../process.h"
#include "host_frame.h"
#include "hostcall.h"
#include <asm/switch.h>
#include <u2k/sched.h>
#include <u2k/string.h>

enum { ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, FPU_ALIGN = 64 };

unsigned long tls_in_user_mode;

static void *running_stack = boot_stack;

void plat_tls_set(uintptr_t tp)
{
    if (tls_in_user_mode)
        __asm__ volatile("wrfsbase %0" ::"r"(tp));
    else
        (void)host_call(arch_prctl, ARCH_SET_FS, tp);
}

uintptr_t plat_tls_get(void)
{
    uintptr_t tp = 0;
    if (tls_in_user_mode)
        __asm__ volatile("rdfsbase %0" : "=r"(tp));
    else
        (void)host_call(arch_prctl, ARCH_GET_FS, &tp);
    return tp;
}

void host_frame_init(struct ucontext *uc, void *kstack, const struct regs *regs)
{
    *uc = (struct ucontext){
        .flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
        /* Auto-disarmed: a fault of ours in the middle of an entry is handled further down on
         * whichever stack is running, not on top of this one. */
        .stack = {.sp = (vaddr_t)kstack, .flags = (int32_t)SS_AUTODISARM, .size = KSTACK_SIZE},
        .context = {.eflags = ARCH_EFLAGS_START, .cs = ARCH_USER_CS, .ss = ARCH_USER_SS},
        .sigmask = PROGRAM_MASK,
    };
    host_frame_set_regs(uc, regs);
}

void plat_thread_switch(struct thread *prev, struct thread *next)
{
    if (prev) {
        prev->plat = entry_context;
        prev->tls = plat_tls_get();
    }
    entry_context = next->plat;
    running_stack = next->kstack ? next->kstack : boot_stack; /* of the first thread */
    plat_tls_set(next->tls);
}

void plat_thread_init(struct thread *t, void *kstack, const struct regs *regs)
{
    size_t fpu = entry_context ? host_fpu_size(entry_context) : 0;
    char *area = (char *)ALIGN_DOWN((uintptr_t)kstack + KSTACK_SIZE - fpu, FPU_ALIGN);
    struct ucontext *uc = (struct ucontext *)ALIGN_DOWN((uintptr_t)area - sizeof(*uc), 16);
    host_frame_init(uc, kstack, regs);
    if (fpu) {
        memcpy(area, (const void *)entry_context->context.fpstate, fpu);
        uc->context.fpstate = (uint64_t)area;
    }
    t->plat = uc;
    t->kstack_pointer = arch_switch_prepare(uc, first_return, uc);
}

void plat_thread_free(struct thread *t)
{
    t->plat = NULL; /* it was on the kernel stack */
}

/* The frame is not on the kernel stack, of which nothing is needed any more but which still runs. */
NORETURN void plat_enter(const struct regs *regs)
{
    static struct ucontext first; /* no FP area: the host gives the initial state */
    host_frame_init(&first, running_stack, regs);
    plat_tls_set(0);
    entry_context = NULL;
    host_frame_return(&first);
}
