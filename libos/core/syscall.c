/* SPDX-License-Identifier: Apache-2.0 */
/* Entries from the program: system calls and interruptions, and what is done before going back. */
#include <u2k/log.h>
#include <u2k/platform.h>
#include <u2k/sched.h>
#include <u2k/syscall.h>

#include "absent.h"
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
    long nr = arch_syscall_nr(regs);
    syscall_fn handler = NULL;

    current->regs = regs;
    arch_syscall_args(regs, sc.arg);
    if (nr >= 0 && nr < (long)syscall_table_size)
        handler = syscall_table[nr];
    arch_set_result(regs, LIKELY(handler != NULL) ? handler(&sc) : syscall_absent(nr, &sc));
    leave(regs);
}

void core_interrupt(struct regs *regs)
{
    current->regs = regs;
    sched_interrupted();
    leave(regs);
}
