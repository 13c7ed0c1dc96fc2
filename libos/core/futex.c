/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futexes (futex(2)). Nothing runs between looking at the word and joining the queue, so the race that
 * the call exists for cannot happen here.
 */
#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/mm.h>
#include <u2k/optional.h>
#include <u2k/uaccess.h>
#include <u2k/vfs.h>

#include "futex.h"
#include "mm.h"

#define ROBUST_MAX 2048 /* entries: Linux's ROBUST_LIST_LIMIT, against rings */

struct list futex_buckets[FUTEX_BUCKETS];

struct list *futex_bucket(const struct futex_key *key)
{
    uintptr_t at = key->base ^ key->offset;
    struct list *b = &futex_buckets[(at >> 2 ^ at >> 12) & (FUTEX_BUCKETS - 1)];

    if (!b->next)
        list_init(b);
    return b;
}

int futex_at(vaddr_t at, bool shared, struct futex *out)
{
    const struct vma *v = shared ? vma_find(at) : NULL;

    *out = (struct futex){.at = at, .key = {.base = at}};
    if (at & 3)
        return -EINVAL;
    if (v && at >= v->start && v->file && !vma_is_private(v))
        out->key = (struct futex_key){(uintptr_t)v->file->inode,
                                      (v->page_index << PAGE_SHIFT) + (at - v->start) + 1};
    return 0;
}

static long wait_restart(struct thread *t)
{
    const struct futex f = {t->restart_data[0], {t->restart_data[4], t->restart_data[5]}};

    return futex_wait(&f, (uint32_t)t->restart_data[1], (uint32_t)t->restart_data[2],
                      t->restart_data[3]);
}

int futex_sleep(struct waiting *w, uint64_t deadline)
{
    int error;

    list_push_back(futex_bucket(&w->key), &w->link);
    do
        error = wait_sleep(deadline, true);
    while (w->key.base && !error);
    list_remove(&w->link);
    return w->key.base ? error : 0;
}

long futex_wait(const struct futex *f, uint32_t expect, uint32_t bitset, uint64_t deadline)
{
    struct thread *t = current;
    uint32_t value;

    if (!bitset)
        return -EINVAL;
    int error = user_load32(f->at, &value);
    if (error)
        return error;
    if (value != expect)
        return -EAGAIN;
    struct waiting w = {.key = f->key, .bitset = bitset, .at = f->at, .thread = t};
    error = futex_sleep(&w, deadline);
    if (!error || error == -ETIMEDOUT)
        return error;
    if (deadline == TIME_NEVER)
        return -ERESTARTSYS;
    t->restart = wait_restart;
    t->restart_data[0] = f->at;
    t->restart_data[1] = expect;
    t->restart_data[2] = bitset;
    t->restart_data[3] = deadline;
    t->restart_data[4] = f->key.base;
    t->restart_data[5] = f->key.offset;
    return -ERESTARTBLOCK;
}

void futex_grant(struct waiting *w)
{
    list_remove(&w->link);
    w->key.base = 0;
    thread_wake(w->thread);
}

long futex_wake(const struct futex *f, unsigned count, uint32_t bitset)
{
    long woken = 0;

    if (!bitset)
        return -EINVAL;
    LIST_FOR_EACH_SAFE(it, futex_bucket(&f->key))
    {
        struct waiting *w = LIST_ENTRY(it, struct waiting, link);
        if (!futex_same(&w->key, &f->key) || !(w->bitset & bitset))
            continue;
        /* As Linux has it: whoever waits for a lock is not to be woken by hand. */
        if (w->pi || w->requeues)
            return -EINVAL;
        if (woken >= (long)count)
            break;
        futex_grant(w);
        woken++;
    }
    return woken;
}

OPTIONAL long futex_move(const struct futex *from, const struct futex *to, unsigned wake_max,
                         unsigned move_max)
{
    long woken = 0, moved = 0;
    bool same = futex_same(&from->key, &to->key);

    LIST_FOR_EACH_SAFE(it, futex_bucket(&from->key))
    {
        struct waiting *w = LIST_ENTRY(it, struct waiting, link);
        if (!futex_same(&w->key, &from->key))
            continue;
        if (w->pi || w->requeues)
            return -EINVAL;
        if (woken < (long)wake_max) {
            futex_grant(w);
            woken++;
        } else if (moved < (long)move_max) {
            moved++;
            if (same)
                continue;
            list_remove(&w->link);
            w->key = to->key;
            list_push_back(futex_bucket(&to->key), &w->link);
        } else {
            break;
        }
    }
    return woken + moved;
}

IF_LINKED(thread_create, futex_move, unlinked_nothing); /* nobody else can wait */

long futex_requeue(const struct futex *from, const struct futex *to, unsigned wake_max,
                   unsigned move_max, const uint32_t *expect)
{
    uint32_t value;

    if (expect) {
        int error = user_load32(from->at, &value);
        if (error)
            return error;
        if (value != *expect)
            return -EAGAIN;
    }
    return futex_move(from, to, wake_max, move_max);
}

enum { OP_SET, OP_ADD, OP_OR, OP_ANDN, OP_XOR, OP_ARG_SHIFT = 8 };
enum { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

/* FUTEX_WAKE_OP's word: 1 bit shift, 3 bits operation, 4 bits comparison, 12 bits operand, 12 bits
 * comparison operand, both signed. */
static int32_t signed12(uint32_t bits)
{
    return (int32_t)(bits << 20) >> 20;
}

static bool apply(uint32_t operation, uint32_t old, uint32_t *new)
{
    uint32_t operand = (uint32_t)signed12(operation >> 12);

    if (operation >> 28 & OP_ARG_SHIFT)
        operand = 1u << (operand & 31);
    switch (operation >> 28 & 7) {
    case OP_SET: *new = operand; return true;
    case OP_ADD: *new = old + operand; return true;
    case OP_OR: *new = old | operand; return true;
    case OP_ANDN: *new = old & ~operand; return true;
    case OP_XOR: *new = old ^ operand; return true;
    default: return false;
    }
}

static int compare(uint32_t operation, int32_t old)
{
    int32_t operand = signed12(operation);

    switch (operation >> 24 & 15) {
    case CMP_EQ: return old == operand;
    case CMP_NE: return old != operand;
    case CMP_LT: return old < operand;
    case CMP_LE: return old <= operand;
    case CMP_GT: return old > operand;
    case CMP_GE: return old >= operand;
    default: return -ENOSYS;
    }
}

long futex_wake_op(const struct futex *f, const struct futex *other, unsigned wake_max,
                   unsigned wake_other, uint32_t operation)
{
    uint32_t seen, old, new;

    int error = user_load32(other->at, &old);
    if (error)
        return error;
    do {
        seen = old;
        if (!apply(operation, seen, &new))
            return -ENOSYS;
        error = user_cmpxchg32(other->at, seen, new, &old);
        if (error)
            return error;
    } while (old != seen);
    long woken = futex_wake(f, wake_max, FUTEX_BITSET_MATCH_ANY);
    int holds = compare(operation, (int32_t)seen);
    if (holds < 0)
        return holds;
    return holds ? woken + futex_wake(other, wake_other, FUTEX_BITSET_MATCH_ANY) : woken;
}

/* ---- robust mutexes: struct robust_list_head is { next, offset of the word, the one in work } ---- */

struct robust_head {
    uint64_t next;
    int64_t offset;
    uint64_t pending;
};
#define ROBUST_PI 1u /* lowest bit of an entry's address */

/* Its waiters may have asked for a shared futex or a private one. */
static void wake_one(vaddr_t at)
{
    struct futex f;

    if (!futex_at(at, true, &f))
        (void)futex_wake(&f, 1, FUTEX_BITSET_MATCH_ANY);
}

/* `in_work`: the thread may have ended between unlocking the word and waking a waiter. `pi`: futex_pi_exit() hands
 * it over if somebody waits. */
static bool owner_died(vaddr_t at, int tid, bool pi, bool in_work)
{
    uint32_t value, old;

    if (at & 3 || user_load32(at, &value))
        return false;
    do {
        if (in_work && !pi && !value) {
            wake_one(at);
            return true;
        }
        if ((value & FUTEX_TID_MASK) != (uint32_t)tid)
            return true;
        old = value;
        if (user_cmpxchg32(at, old, (old & (uint32_t)FUTEX_WAITERS) | FUTEX_OWNER_DIED, &value))
            return false;
    } while (value != old);
    if (!pi && value & (uint32_t)FUTEX_WAITERS)
        wake_one(at);
    return true;
}

static void robust_exit(struct thread *t)
{
    struct robust_head head;
    vaddr_t list = t->robust_list;

    t->robust_list = 0;
    if (!list || USER_GET(head, list))
        return;
    uint64_t entry = head.next, pending = head.pending & ~(uint64_t)ROBUST_PI;
    for (unsigned i = 0; i < ROBUST_MAX && (entry & ~(uint64_t)ROBUST_PI) != list; i++) {
        vaddr_t at = entry & ~(uint64_t)ROBUST_PI;
        bool pi = entry & ROBUST_PI;
        /* Read on first: the one who gets the mutex may unlink and free it. */
        bool last = USER_GET(entry, at) != 0;
        if (at != pending && !owner_died(at + (uint64_t)head.offset, t->tid, pi, false))
            return;
        if (last)
            break;
    }
    if (pending)
        owner_died(pending + (uint64_t)head.offset, t->tid, head.pending & ROBUST_PI, true);
}

void futex_thread_exit(struct thread *t)
{
    futex_pi_exit(t);
    robust_exit(t);
}
