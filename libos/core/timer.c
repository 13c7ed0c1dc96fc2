/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timer queue: a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986), so that setting is O(1),
 * cancelling and firing O(log n) amortized, and a timer needs no memory but its own.
 */
#include <u2k/sched.h>

enum { CHILD, SIBLING, PREVIOUS }; /* PREVIOUS: the left sibling, or the parent of a first child */

static struct timer *root;
static uint64_t last_sequence;

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->deadline < b->deadline || (a->deadline == b->deadline && a->sequence < b->sequence);
}

/* Two heaps become one; either may be NULL. Their roots have no siblings. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (earlier(b, a)) {
        struct timer *swap = a;
        a = b;
        b = swap;
    }
    b->heap_link[SIBLING] = a->heap_link[CHILD];
    if (b->heap_link[SIBLING])
        b->heap_link[SIBLING]->heap_link[PREVIOUS] = b;
    b->heap_link[PREVIOUS] = a;
    a->heap_link[CHILD] = b;
    return a;
}

/* The children of a removed node become one heap: in pairs from the left, then all from the right. */
static struct timer *meld_siblings(struct timer *first)
{
    struct timer *pairs = NULL, *heap = NULL;

    while (first) {
        struct timer *a = first, *b = a->heap_link[SIBLING];
        first = b ? b->heap_link[SIBLING] : NULL;
        a->heap_link[SIBLING] = a->heap_link[PREVIOUS] = NULL;
        if (b)
            b->heap_link[SIBLING] = b->heap_link[PREVIOUS] = NULL;
        a = meld(a, b);
        a->heap_link[SIBLING] = pairs;
        pairs = a;
    }
    while (pairs) {
        struct timer *next = pairs->heap_link[SIBLING];
        pairs->heap_link[SIBLING] = NULL;
        heap = meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

void timer_cancel(struct timer *t)
{
    if (!t->sequence)
        return;
    struct timer *children = meld_siblings(t->heap_link[CHILD]);

    if (t == root) {
        root = children;
    } else {
        struct timer *previous = t->heap_link[PREVIOUS], *sibling = t->heap_link[SIBLING];
        if (previous->heap_link[CHILD] == t)
            previous->heap_link[CHILD] = sibling;
        else
            previous->heap_link[SIBLING] = sibling;
        if (sibling)
            sibling->heap_link[PREVIOUS] = previous;
        root = meld(root, children);
    }
    t->heap_link[CHILD] = t->heap_link[SIBLING] = t->heap_link[PREVIOUS] = NULL;
    t->sequence = 0;
}

void timer_set(struct timer *t, uint64_t deadline, void (*fire)(struct timer *))
{
    timer_cancel(t);
    if (deadline == TIME_NEVER)
        return;
    t->deadline = deadline;
    t->sequence = ++last_sequence;
    t->fire = fire;
    t->heap_link[CHILD] = t->heap_link[SIBLING] = t->heap_link[PREVIOUS] = NULL;
    root = meld(root, t);
}

uint64_t timer_next(void)
{
    return root ? root->deadline : TIME_NEVER;
}

/* Only timers set before the call are run, so that one which sets itself again cannot hold us here. */
void timers_run(void)
{
    if (!root)
        return;
    uint64_t now = clock_monotonic(), limit = last_sequence;

    while (root && root->deadline <= now && root->sequence <= limit) {
        struct timer *t = root;
        timer_cancel(t);
        t->fire(t);
    }
}
