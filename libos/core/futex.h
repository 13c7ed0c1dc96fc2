/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits on futexes: what the plain ones and those with priority inheritance share. */
#ifndef U2K_CORE_FUTEX_H
#define U2K_CORE_FUTEX_H

#include <u2k/futex.h>
#include <u2k/list.h>
#include <u2k/sched.h>

enum { FUTEX_BUCKETS = 64 /* a power of two */ };

/* One thread that waits. */
struct waiting {
    struct list link; /* in the bucket of `key` */
    struct futex_key key; /* base 0: woken, or the lock is its */
    uint32_t bitset;
    bool pi;           /* waits for the lock at `at`, which unlocking hands over */
    bool requeues;     /* FUTEX_WAIT_REQUEUE_PI: is to be moved to the lock at `lock` */
    vaddr_t at, lock;
    struct futex_key lock_key;
    struct thread *thread;
};

extern struct list futex_buckets[FUTEX_BUCKETS];
struct list *futex_bucket(const struct futex_key *key);

static inline bool futex_same(const struct futex_key *a, const struct futex_key *b)
{
    return a->base == b->base && a->offset == b->offset;
}

/* Takes a waiter off its queue and wakes it: what it waited for is its. */
void futex_grant(struct waiting *w);
/* Sleep until futex_grant(), `deadline` or a signal: 0, -ETIMEDOUT, -EINTR. Off the queue afterwards. */
int futex_sleep(struct waiting *w, uint64_t deadline);

/* All locks with priority inheritance that an ending thread holds go to whoever waits. */
void futex_pi_exit(struct thread *t);

#endif
