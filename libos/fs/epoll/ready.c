/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what may be ready: filled by wake-ups, read by epoll_wait(2). */
#include "epoll.h"

#include <u2k/clock.h>
#include <u2k/errno.h>
#include <u2k/uaccess.h>

#define BATCH 16

unsigned watch_events(struct watch *w)
{
    return file_poll(w->file, NULL) & w->events & ~WATCH_MODES;
}

unsigned watch_ready(struct watch *w)
{
    struct epoll *e = w->epoll;
    if (list_empty(&w->ready_link))
        list_push_back(&e->ready, &w->ready_link);
    if (!list_empty(&e->pollers.waiters))
        waitq_wake(&e->pollers, 1, POLLIN | POLLRDNORM);
    return list_empty(&e->waiting.waiters) ? 0 : waitq_wake(&e->waiting, 1, POLLIN | POLLRDNORM);
}

/* Watches whose events are being told, and what they asked for. */
struct batch {
    unsigned count;
    struct epoll_event_k events[BATCH];
    struct watch *watches[BATCH];
    uint32_t asked[BATCH];
};

/* Take what is ready off the list, up to `last`: true if there may be more. Level-triggered watches go to its
 * end again, where the next call asks their files whether it is still so. */
static bool take(struct epoll *e, const struct list *last, unsigned max, struct batch *b)
{
    b->count = 0;
    for (bool more = true; more;) {
        if (b->count == MIN(max, BATCH))
            return true;
        struct watch *w = LIST_ENTRY(e->ready.next, struct watch, ready_link);
        more = &w->ready_link != last;
        list_remove(&w->ready_link);
        unsigned events = watch_events(w);
        if (!events)
            continue;
        b->events[b->count] = (struct epoll_event_k){.events = events, .data = w->data};
        b->watches[b->count] = w;
        b->asked[b->count++] = w->events;
        if (w->events & EPOLLONESHOT)
            w->events &= WATCH_MODES;
        else if (!(w->events & EPOLLET))
            list_push_back(&e->ready, &w->ready_link);
    }
    return false;
}

/* They could not be told: as if they had not been taken. */
static void put_back(struct epoll *e, const struct batch *b)
{
    for (unsigned i = b->count; i-- > 0;) {
        struct watch *w = b->watches[i];
        w->events = b->asked[i];
        list_remove(&w->ready_link);
        list_push_front(&e->ready, &w->ready_link);
    }
}

static long tell_ready(struct epoll *e, vaddr_t at, unsigned max)
{
    const struct list *last = e->ready.prev;
    unsigned done = 0, turn = ++e->turn;
    bool more = true;
    while (more && done < max) {
        struct batch b;
        more = take(e, last, max - done, &b);
        size_t size = b.count * sizeof b.events[0];
        int err = b.count ? user_write(at + done * sizeof b.events[0], b.events, size) : 0;
        /* If a page of the buffer had to be fetched we waited: `last` and the batch may be gone. */
        bool same = turn == e->turn;
        if (err < 0 && same)
            put_back(e, &b);
        if (err < 0)
            return done ? (long)done : err;
        done += b.count;
        more &= same;
    }
    /* One thread was woken for what came; if there is more of it, it is the next one's. */
    if (!list_empty(&e->ready) && !list_empty(&e->waiting.waiters))
        waitq_wake(&e->waiting, 1, POLLIN | POLLRDNORM);
    return (long)done;
}

static long tell(struct epoll *e, vaddr_t at, unsigned max)
{
    return list_empty(&e->ready) ? 0 : tell_ready(e, at, max);
}

long epoll_wait(struct file *epoll, vaddr_t at, unsigned max, uint64_t timeout)
{
    struct epoll *e = epoll_of(epoll);
    long count = tell(e, at, max);
    if (count != 0)
        return count;
    uint64_t deadline = timeout;
    if (timeout != 0 && timeout != TIME_NEVER)
        deadline = time_add(clock_monotonic(), timeout);
    for (int err = 0; count == 0 && err == 0;) {
        struct waiter w = {.exclusive = true};
        wait_add(&e->waiting, &w);
        err = poll_idle(deadline);
        wait_remove(&w);
        count = tell(e, at, max);
        if (count == 0 && err < 0)
            return err == -ETIMEDOUT ? 0 : err;
    }
    return count;
}

unsigned epoll_poll(struct file *f, struct poll_set *set)
{
    struct epoll *e = epoll_of(f);
    poll_add(set, &e->pollers);
    LIST_FOR_EACH_SAFE(it, &e->ready)
    {
        if (watch_events(LIST_ENTRY(it, struct watch, ready_link)))
            return POLLIN | POLLRDNORM;
        list_remove(it);
    }
    return 0;
}
