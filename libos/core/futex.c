/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Futexes (futex(2)). Nothing runs between looking at the word and joining the queue, so the race that
 * the call exists for cannot happen here.
 */
#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/futex.h>
#include <u2k/optional.h>
#include <u2k/uaccess.h>

#define BUCKETS 64 /* a power of two */
#define ROBUST_MAX 2048 /* entries: Linux's ROBUST_LIST_LIMIT, against rings */

struct waiting {
    struct list link;
    vaddr_t at; /* 0: woken */
    uint32_t bitset;
    struct thread *thread;
};

static struct list buckets[BUCKETS];

static struct list *bucket(vaddr_t at)
{
    struct list *b = &buckets[(at >> 2 ^ at >> 12) & (BUCKETS - 1)];

    if (!b->next)
        list_init(b);
    return b;
}

static long wait_restart(struct thread *t)
{
    return futex_wait(t->restart_data[0], (uint32_t)t->restart_data[1],
                      (uint32_t)t->restart_data[2], t->restart_data[3]);
}

long futex_wait(vaddr_t at, uint32_t expect, uint32_t bitset, uint64_t deadline)
{
    struct thread *t = current;
    uint32_t value;

    if (!bitset)
        return -EINVAL;
    int error = user_load32(at, &value);
    if (error)
        return error;
    if (value != expect)
        return -EAGAIN;
    struct waiting w = {.at = at, .bitset = bitset, .thread = t};
    list_push_back(bucket(at), &w.link);
    do
        error = wait_sleep(deadline, true);
    while (w.at && !error);
    list_remove(&w.link);
    if (!w.at)
        return 0;
    if (error == -ETIMEDOUT)
        return error;
    if (deadline == TIME_NEVER)
        return -ERESTARTSYS;
    t->restart = wait_restart;
    t->restart_data[0] = at;
    t->restart_data[1] = expect;
    t->restart_data[2] = bitset;
    t->restart_data[3] = deadline;
    return -ERESTARTBLOCK;
}

static void wake(struct waiting *w)
{
    list_remove(&w->link);
    w->at = 0;
    thread_wake(w->thread);
}

long futex_wake(vaddr_t at, unsigned count, uint32_t bitset)
{
    long woken = 0;

    if (!bitset || at & 3)
        return -EINVAL;
    LIST_FOR_EACH_SAFE(it, bucket(at))
    {
        struct waiting *w = LIST_ENTRY(it, struct waiting, link);
        if (w->at != at || !(w->bitset & bitset))
            continue;
        if (woken >= (long)count)
            break;
        wake(w);
        woken++;
    }
    return woken;
}

OPTIONAL long futex_move(vaddr_t from, vaddr_t to, unsigned wake_max, unsigned move_max)
{
    long woken = 0, moved = 0;

    LIST_FOR_EACH_SAFE(it, bucket(from))
    {
        struct waiting *w = LIST_ENTRY(it, struct waiting, link);
        if (w->at != from)
            continue;
        if (woken < (long)wake_max) {
            wake(w);
            woken++;
        } else if (moved < (long)move_max) {
            moved++;
            if (from == to)
                continue;
            list_remove(&w->link);
            w->at = to;
            list_push_back(bucket(to), &w->link);
        } else {
            break;
        }
    }
    return woken + moved;
}

IF_LINKED(thread_create, futex_move, unlinked_nothing); /* nobody else can wait */

long futex_requeue(vaddr_t from, vaddr_t to, unsigned wake_max, unsigned move_max,
                   const uint32_t *expect)
{
    uint32_t value;

    if ((from | to) & 3)
        return -EINVAL;
    if (expect) {
        int error = user_load32(from, &value);
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

long futex_wake_op(vaddr_t at, vaddr_t other, unsigned wake_max, unsigned wake_other,
                   uint32_t operation)
{
    uint32_t seen, old, new;

    if (at & 3)
        return -EINVAL;
    int error = user_load32(other, &old);
    if (error)
        return error;
    do {
        seen = old;
        if (!apply(operation, seen, &new))
            return -ENOSYS;
        error = user_cmpxchg32(other, seen, new, &old);
        if (error)
            return error;
    } while (old != seen);
    long woken = futex_wake(at, wake_max, FUTEX_BITSET_MATCH_ANY);
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

/* `in_work`: the thread may have ended between unlocking the word and waking a waiter. */
static bool owner_died(vaddr_t at, int tid, bool in_work)
{
    uint32_t value, old;

    if (user_load32(at, &value))
        return false;
    do {
        if (in_work && !value) {
            futex_wake(at, 1, FUTEX_BITSET_MATCH_ANY);
            return true;
        }
        if ((value & FUTEX_TID_MASK) != (uint32_t)tid)
            return true;
        old = value;
        if (user_cmpxchg32(at, old, (old & (uint32_t)FUTEX_WAITERS) | FUTEX_OWNER_DIED, &value))
            return false;
    } while (value != old);
    if (value & (uint32_t)FUTEX_WAITERS)
        futex_wake(at, 1, FUTEX_BITSET_MATCH_ANY);
    return true;
}

void futex_thread_exit(struct thread *t)
{
    struct robust_head head;
    vaddr_t list = t->robust_list;

    t->robust_list = 0;
    if (!list || USER_GET(head, list))
        return;
    uint64_t entry = head.next, pending = head.pending & ~(uint64_t)ROBUST_PI;
    for (unsigned i = 0; i < ROBUST_MAX && (entry & ~(uint64_t)ROBUST_PI) != list; i++) {
        vaddr_t at = entry & ~(uint64_t)ROBUST_PI;
        /* Read on first: the one who gets the mutex may unlink and free it. */
        bool last = USER_GET(entry, at) != 0;
        if (at != pending && !owner_died(at + (uint64_t)head.offset, t->tid, false))
            return;
        if (last)
            break;
    }
    if (pending)
        owner_died(pending + (uint64_t)head.offset, t->tid, true);
}
