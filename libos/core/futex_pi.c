/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futexes with priority inheritance (futex(2), "Priority-inheritance futexes"; the words' protocol is Linux's
 * pi-futex documentation). The word tells the owner. A lock that somebody waits for never becomes free: unlocking
 * writes the next owner into it.
 */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/uaccess.h>

#include "futex.h"

#define WAITERS ((uint32_t)FUTEX_WAITERS)
#define OWNER_DIED ((uint32_t)FUTEX_OWNER_DIED)
#define TID_MASK ((uint32_t)FUTEX_TID_MASK)
enum { CHAIN_MAX = 1024 }; /* locks that wait for each other: Linux's max_lock_depth */

static struct waiting *next_waiter(const struct futex_key *key, const struct waiting *after)
{
    bool passed = !after;

    LIST_FOR_EACH(it, futex_bucket(key))
    {
        struct waiting *w = LIST_ENTRY(it, struct waiting, link);
        if (passed && w->pi && futex_same(&w->key, key))
            return w;
        passed |= w == after;
    }
    return NULL;
}

/* The lock that a thread waits for, NULL if it waits for none. */
static struct waiting *wait_of(const struct thread *t)
{
    for (unsigned i = 0; i < FUTEX_BUCKETS; i++) {
        if (!futex_buckets[i].next)
            continue;
        LIST_FOR_EACH(it, &futex_buckets[i])
        {
            struct waiting *w = LIST_ENTRY(it, struct waiting, link);
            if (w->pi && w->thread == t)
                return w;
        }
    }
    return NULL;
}

/* Would `t`, waiting for what `owner` has, wait for itself? */
static bool deadlock(const struct thread *t, const struct thread *owner)
{
    for (unsigned i = 0; i < CHAIN_MAX && owner; i++) {
        uint32_t value;
        if (owner == t)
            return true;
        struct waiting *w = wait_of(owner);
        if (!w || user_load32(w->at, &value))
            return false;
        owner = thread_find((int)(value & TID_MASK));
    }
    return false;
}

/* Change the word from what was seen; -EAGAIN: the program changed it meanwhile, look again. */
static int change(vaddr_t at, uint32_t from, uint32_t to)
{
    uint32_t old;
    int error = user_cmpxchg32(at, from, to, &old);

    return error ? error : old == from ? 0 : -EAGAIN;
}

/* Take the lock for `t` if it is free; else announce a waiter: 1, and the owner. */
static int take_or_announce(const struct futex *f, struct thread *t, bool announce,
                            struct thread **owner)
{
    uint32_t value;
    int error;

    do {
        error = user_load32(f->at, &value);
        if (error)
            return error;
        if ((value & TID_MASK) == (uint32_t)t->tid)
            return -EDEADLK;
        if (!(value & TID_MASK)) {
            uint32_t waiters = next_waiter(&f->key, NULL) ? WAITERS : 0;
            error = change(f->at, value, (value & OWNER_DIED) | waiters | (uint32_t)t->tid);
            continue;
        }
        *owner = thread_find((int)(value & TID_MASK));
        if (!*owner)
            return -ESRCH;
        if (!announce)
            return 1;
        error = value & WAITERS ? 0 : change(f->at, value, value | WAITERS);
        if (!error)
            return 1;
    } while (error == -EAGAIN);
    return error;
}

OPTIONAL long futex_lock_pi(const struct futex *f, uint64_t deadline, bool try)
{
    struct thread *owner, *t = current;
    int error = take_or_announce(f, t, !try, &owner);

    if (error <= 0)
        return error;
    if (try)
        return -EAGAIN;
    if (deadlock(t, owner))
        return -EDEADLK;
    struct waiting w = {
        .key = f->key, .bitset = FUTEX_BITSET_MATCH_ANY, .pi = true, .at = f->at, .thread = t};
    error = futex_sleep(&w, deadline);
    return error == -EINTR ? -ERESTARTNOINTR : error;
}

/* Give the lock to whoever has waited longest: its number is written first. 1: there is nobody. */
static int hand_over(const struct futex *f, uint32_t value, uint32_t flags)
{
    struct waiting *w = next_waiter(&f->key, NULL);

    if (!w)
        return 1;
    uint32_t more = next_waiter(&f->key, w) ? WAITERS : 0;
    int error = change(f->at, value, (uint32_t)w->thread->tid | more | flags);
    if (!error)
        futex_grant(w);
    return error;
}

OPTIONAL long futex_unlock_pi(const struct futex *f)
{
    uint32_t value;
    int error;

    do {
        error = user_load32(f->at, &value);
        if (error)
            return error;
        if ((value & TID_MASK) != (uint32_t)current->tid)
            return -EPERM;
        error = hand_over(f, value, 0);
        if (error == 1)
            error = change(f->at, value, 0);
    } while (error == -EAGAIN);
    return error;
}

OPTIONAL long futex_wait_requeue_pi(const struct futex *f, uint32_t expect, uint32_t bitset,
                                    uint64_t deadline, const struct futex *lock)
{
    uint32_t value;

    if (!bitset || futex_same(&f->key, &lock->key))
        return -EINVAL;
    int error = user_load32(f->at, &value);
    if (error)
        return error;
    if (value != expect)
        return -EAGAIN;
    struct waiting w = {.key = f->key,
                        .bitset = bitset,
                        .requeues = true,
                        .at = f->at,
                        .lock = lock->at,
                        .lock_key = lock->key,
                        .thread = current};
    error = futex_sleep(&w, deadline);
    /* A signal before the move ends the wait as if it had been woken for nothing: the caller looks again. */
    return error == -EINTR ? (w.pi ? -ERESTARTNOINTR : -EAGAIN) : error;
}

OPTIONAL long futex_requeue_pi(const struct futex *from, const struct futex *lock, unsigned move,
                               uint32_t expect)
{
    uint32_t value;
    long done = 0;

    if (futex_same(&from->key, &lock->key))
        return -EINVAL;
    int error = user_load32(from->at, &value);
    if (error)
        return error;
    if (value != expect)
        return -EAGAIN;
    LIST_FOR_EACH_SAFE(it, futex_bucket(&from->key))
    {
        struct waiting *w = LIST_ENTRY(it, struct waiting, link);
        struct thread *owner;
        if (!futex_same(&w->key, &from->key))
            continue;
        if (!w->requeues || !futex_same(&w->lock_key, &lock->key))
            return -EINVAL;
        if (done > (long)move) /* one that gets the lock, and `move` that wait for it */
            break;
        error = take_or_announce(lock, w->thread, true, &owner);
        if (error < 0)
            return done ? done : error;
        done++;
        if (error == 0) {
            futex_grant(w);
            continue;
        }
        list_remove(&w->link);
        w->requeues = false;
        w->pi = true;
        w->key = lock->key;
        w->at = lock->at;
        list_push_back(futex_bucket(&w->key), &w->link);
    }
    return done;
}

OPTIONAL void futex_pi_exit(struct thread *t)
{
    for (unsigned i = 0; i < FUTEX_BUCKETS; i++) {
        if (!futex_buckets[i].next)
            continue;
        for (struct list *it = futex_buckets[i].next; it != &futex_buckets[i];) {
            struct waiting *w = LIST_ENTRY(it, struct waiting, link);
            uint32_t value;
            const struct futex f = {w->at, w->key};
            it = it->next;
            if (!w->pi || user_load32(w->at, &value) || (value & TID_MASK) != (uint32_t)t->tid)
                continue;
            if (!hand_over(&f, value, OWNER_DIED))
                it = futex_buckets[i].next; /* the queue is another one now */
        }
    }
}

/* Only threads hold locks against each other. */
IF_LINKED(thread_create, futex_lock_pi, unlinked_nothing);
IF_LINKED(thread_create, futex_unlock_pi, unlinked_nothing);
IF_LINKED(thread_create, futex_wait_requeue_pi, unlinked_nothing);
IF_LINKED(thread_create, futex_requeue_pi, unlinked_nothing);
IF_LINKED(thread_create, futex_pi_exit, unlinked_nothing);
