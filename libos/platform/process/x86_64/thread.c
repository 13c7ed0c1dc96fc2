/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the program: one host thread runs them all; each has its kernel stack with the host's
 * frame at the top, if it has one, and its FS base, which no signal frame carries. */
#include "../process.h"
#include "fast.h"
#include "host_frame.h"
#include "hostcall.h"
#include <asm/switch.h>
#include <u2k/sched.h>
#include <u2k/string.h>

enum { ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, FPU_ALIGN = 64 };

unsigned long tls_in_user_mode;

char signal_stack[KSTACK_SIZE] __attribute__((aligned(PAGE_SIZE)));
static void *running_stack = boot_stack;
bool signals_open;

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

void running_stack_set(void *kstack)
{
    char *fpu;

    running_stack = kstack;
    fast_stack = (char *)host_frame_place(kstack, &fpu) - sizeof(uint64_t); /* psABI 3.2.2 */
}

struct ucontext *host_frame_place(void *kstack, char **fpu)
{
    *fpu = (char *)ALIGN_DOWN((uintptr_t)kstack + KSTACK_SIZE - host_fpu_size, FPU_ALIGN);
    return (struct ucontext *)ALIGN_DOWN((uintptr_t)*fpu - sizeof(struct ucontext), 16);
}

struct ucontext *host_frame_take(const struct ucontext *uc)
{
    char *fpu;
    struct ucontext *own;

    if (UNLIKELY(!fast_stack)) {
        fpu_learn(uc);
        running_stack_set(running_stack);
    }
    own = host_frame_place(running_stack, &fpu);
    *own = *uc;
    if (host_fpu_size) {
        memcpy(fpu, (const void *)uc->context.fpstate, host_fpu_size);
        own->context.fpstate = (uint64_t)fpu;
    }
    return own;
}

struct ucontext *entry_frame(void)
{
    if (!entry_context && host_fpu_size) {
        char *fpu;
        struct ucontext *uc = host_frame_place(running_stack, &fpu);
        host_frame_init(uc);
        fpu_store(uc, fpu);
        entry_context = uc;
    }
    return entry_context;
}

void host_frame_init(struct ucontext *uc)
{
    *uc = (struct ucontext){
        .flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
        /* Auto-disarmed: a fault of ours in the middle of an entry is handled further down on
         * whichever stack is running, not on top of this one. */
        .stack = {.sp = (vaddr_t)signal_stack,
                  .flags = (int32_t)SS_AUTODISARM,
                  .size = sizeof(signal_stack)},
        .context = {.eflags = ARCH_EFLAGS_START, .cs = ARCH_USER_CS, .ss = ARCH_USER_SS},
        .sigmask = PROGRAM_MASK,
    };
}

void plat_thread_switch(struct thread *prev, struct thread *next)
{
    if (prev) {
        prev->plat = entry_frame();
        prev->tls = plat_tls_get();
    }
    entry_context = next->plat;
    running_stack_set(next->kstack ? next->kstack : boot_stack); /* of the first thread */
    plat_tls_set(next->tls);
}

void plat_thread_init(struct thread *t, void *kstack, const struct regs *regs)
{
    const struct ucontext *maker = entry_frame();
    char *fpu;
    struct ucontext *uc = host_frame_place(kstack, &fpu);

    host_frame_init(uc);
    host_frame_set_regs(uc, regs);
    if (maker && host_fpu_size) {
        memcpy(fpu, (const void *)maker->context.fpstate, host_fpu_size);
        uc->context.fpstate = (uint64_t)fpu;
    }
    t->plat = uc;
    t->kstack_pointer = arch_switch_prepare(uc, first_return, uc);
}

void plat_thread_free(struct thread *t)
{
    t->plat = NULL; /* it was on the kernel stack */
}

/* The first frame of all is not on the kernel stack, which still runs, and has no FP area: the host gives the
 * initial state. */
NORETURN void plat_enter(const struct regs *regs)
{
    static struct ucontext first;
    struct regs own = *regs;

    entry_context = NULL;
    if (entry_frame()) {
        (void)plat_fpu_restore(NULL);
    } else {
        host_frame_init(&first);
        entry_context = &first;
    }
    plat_tls_set(0);
    host_frame_leave(entry_context, &own);
}
