/* SPDX-License-Identifier: Apache-2.0 */
/* Entries from the program: system calls and interruptions, and what is done before going back. */
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/syscall.h>

#include "sched.h"

static void leave(struct regs *regs)
{
    struct thread *t = current;
    bool restartable = arch_syscall_nr(regs) >= 0 && arch_result(regs) <= -ERESTARTSYS &&
                       arch_result(regs) >= -ERESTARTBLOCK;

    if (UNLIKELY(restartable || t->restore_mask || t->exiting || signal_pending(t)))
        signal_deliver(regs);
    sched_arm();
    t->regs = NULL;
}

void core_syscall(struct regs *regs)
{
    struct syscall sc = {.regs = regs};
    unsigned long nr = (unsigned long)arch_syscall_nr(regs);

    current->regs = regs;
    arch_syscall_args(regs, sc.arg);
    arch_set_result(regs, LIKELY(nr < syscall_index_size) ? syscall_handlers[syscall_index[nr]](&sc)
                                                          : syscall_absent(&sc));
    leave(regs);
}

void core_interrupt(struct regs *regs)
{
    current->regs = regs;
    sched_interrupted();
    leave(regs);
}
