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

/* Without an instruction that not all CPUs have. */
static unsigned bits_set(uint32_t word)
{
    word -= word >> 1 & 0x55555555;
    word = (word & 0x33333333) + (word >> 2 & 0x33333333);
    return ((word + (word >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}

unsigned syscall_place(unsigned long nr)
{
    if (nr / 32 >= syscall_word_count)
        return 0;
    const struct syscall_word *word = &syscall_words[nr / 32];
    uint32_t upwards = word->linked >> nr % 32;

    return upwards & 1 ? word->first + bits_set(word->linked ^ (upwards << nr % 32)) : 0;
}

void core_syscall(struct regs *regs)
{
    struct syscall sc = {.regs = regs};
    unsigned long nr = (unsigned long)arch_syscall_nr(regs);

    current->regs = regs;
    arch_syscall_args(regs, sc.arg);
    arch_set_result(regs, syscall_handlers[syscall_place(nr)](&sc));
    leave(regs);
}

void core_interrupt(struct regs *regs)
{
    current->regs = regs;
    sched_interrupted();
    leave(regs);
}
