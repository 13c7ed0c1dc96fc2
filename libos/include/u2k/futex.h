/* SPDX-License-Identifier: Apache-2.0 */
/*
 * futex(2). A private futex is known by its address, a shared one in a shared mapping by its place in the file,
 * so that it is the same one wherever it is mapped.
 */
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

struct futex_key {
    uintptr_t base; /* the address, or the inode */
    uint64_t offset; /* in the file, in bytes, and one more: 0 of private ones */
};

/* A futex of the program: where its word is, and what it is known by. */
struct futex {
    vaddr_t at;
    struct futex_key key;
};
/* -EINVAL: not aligned. */
int futex_at(vaddr_t at, bool shared, struct futex *out);

/* Sleep if *at is `expect`, until a wake-up that shares a bit with `bitset` or `deadline` (monotonic).
 * 0, -EAGAIN, -ETIMEDOUT, -EFAULT, -EINVAL; -ERESTARTSYS without a deadline, -ERESTARTBLOCK with. */
long futex_wait(const struct futex *f, uint32_t expect, uint32_t bitset, uint64_t deadline);

/* Each returns how many were woken (requeue: and moved), or -errno. */
long futex_wake(const struct futex *f, unsigned count, uint32_t bitset);
long futex_requeue(const struct futex *from, const struct futex *to, unsigned wake, unsigned move,
                   const uint32_t *expect);
long futex_wake_op(const struct futex *f, const struct futex *other, unsigned wake,
                   unsigned wake_other, uint32_t operation);

/*
 * Locks with priority inheritance: the word has the owner's number and FUTEX_WAITERS. All threads here have one
 * priority, so what remains of it is that unlocking hands the lock to the one who has waited longest.
 * Lock: -EDEADLK, -ESRCH (no such owner), -EAGAIN (`try`), -ETIMEDOUT, -ERESTARTNOINTR. Unlock: -EPERM.
 */
long futex_lock_pi(const struct futex *f, uint64_t deadline, bool try);
long futex_unlock_pi(const struct futex *f);
long futex_wait_requeue_pi(const struct futex *f, uint32_t expect, uint32_t bitset,
                           uint64_t deadline, const struct futex *lock);
long futex_requeue_pi(const struct futex *from, const struct futex *lock, unsigned move,
                      uint32_t expect);

/* A thread ends: its robust mutexes get FUTEX_OWNER_DIED (set_robust_list(2)). */
void futex_thread_exit(struct thread *t);

#endif
