/* SPDX-License-Identifier: Apache-2.0 */
/* What arch_switch() keeps on a kernel stack, for platforms that prepare a new thread's. */
#ifndef U2K_ASM_SWITCH_H
#define U2K_ASM_SWITCH_H

#include <u2k/types.h>

struct switch_frame {
    uint64_t x[11]; /* x19 to x29 */
    uint64_t x30;   /* link register: where it goes on */
};

/* Where arch_switch() to a new stack goes on: at `entry`, which never returns, with the stack
 * pointer at `top` (16-byte aligned) and `arg` in x19. Gives struct thread.kstack_pointer. */
static inline void *arch_switch_prepare(void *top, void (*entry)(void), void *arg)
{
    struct switch_frame *f = (struct switch_frame *)top - 1;
    *f = (struct switch_frame){.x = {(uint64_t)arg}, .x30 = (uint64_t)entry};
    return f;
}

#endif
