/* SPDX-License-Identifier: Apache-2.0 */
/* futex(2). A futex is known by its address: there is one address space. */
#ifndef U2K_FUTEX_H
#define U2K_FUTEX_H

#include <u2k/types.h>

struct thread;

#define FUTEX_BITSET_MATCH_ANY UINT32_MAX
enum {
    FUTEX_WAITERS = (int)0x80000000,
    FUTEX_OWNER_DIED = 0x40000000,
    FUTEX_TID_MASK = 0x3fffffff
};

/* Sleep if *at is `expect`, until a wake-up that shares a bit with `bitset` or `deadline` (monotonic).
 * 0, -EAGAIN, -ETIMEDOUT, -EFAULT, -EINVAL; -ERESTARTSYS without a deadline, -ERESTARTBLOCK with. */
long futex_wait(vaddr_t at, uint32_t expect, uint32_t bitset, uint64_t deadline);

/* Each returns how many were woken (requeue: and moved), or -errno. */
long futex_wake(vaddr_t at, unsigned count, uint32_t bitset);
long futex_requeue(vaddr_t from, vaddr_t to, unsigned wake, unsigned move, const uint32_t *expect);
long futex_wake_op(vaddr_t at, vaddr_t other, unsigned wake, unsigned wake_other,
                   uint32_t operation);

/* A thread ends: its robust mutexes get FUTEX_OWNER_DIED (set_robust_list(2)). */
void futex_thread_exit(struct thread *t);

#endif
