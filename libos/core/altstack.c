/* SPDX-License-Identifier: Apache-2.0 */
/* The alternate signal stack of sigaltstack(2). */
#include <u2k/errno.h>
#include <u2k/platform.h>
#include <u2k/sched.h>

#define MINSIGSTKSZ 2048

bool signal_on_altstack(const struct altstack *ss, uintptr_t sp)
{
    return ss->size && sp > ss->sp && sp - ss->sp <= ss->size;
}

int altstack_set(const struct altstack *ss)
{
    struct altstack new = {.sp = ss->sp, .flags = ss->flags & (int)SS_AUTODISARM, .size = ss->size};
    int mode = ss->flags & ~(int)SS_AUTODISARM;

    if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
        return -EINVAL;
    if (mode == SS_DISABLE)
        new.sp = new.size = 0;
    else if (new.size < MAX((uint64_t)MINSIGSTKSZ, plat_info->minsigstksz))
        return -ENOMEM;
    current->altstack = new;
    return 0;
}
