/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for several files at once (poll(2), select(2)). */
#include <u2k/errno.h>
#include <u2k/fd.h>
#include <u2k/netdev.h>
#include <u2k/pages.h>
#include <u2k/poll.h>

#define INLINE_WAITERS 16
#define CHUNK_WAITERS ((PAGE_SIZE - sizeof(void *)) / sizeof(struct slot))

/* A place on a queue. The file is held, because the queue lives in it. */
struct slot {
    struct waiter waiter;
    struct file *file;
};

struct chunk {
    struct chunk *next;
    struct slot slots[];
};

struct waiting {
    struct poll_set set;
    unsigned used; /* of the inline ones, then of the newest chunk */
    struct chunk *chunks;
    struct file *file; /* that is being asked */
    struct slot slots[INLINE_WAITERS];
};

static int add(struct poll_set *set, struct waitq *q)
{
    struct waiting *w = CONTAINER_OF(set, struct waiting, set);
    struct slot *slot;
    if (!w->chunks && w->used < INLINE_WAITERS) {
        slot = &w->slots[w->used++];
    } else {
        if (!w->chunks || w->used == CHUNK_WAITERS) {
            struct chunk *c = pages_alloc(1, PAGES_ZERO);
            if (!c)
                return -ENOMEM;
            c->next = w->chunks;
            w->chunks = c;
            w->used = 0;
        }
        slot = &w->chunks->slots[w->used++];
    }
    *slot = (struct slot){.file = file_ref(w->file)};
    wait_add(q, &slot->waiter);
    return 0;
}

static void forget_slots(struct slot *slots, unsigned count)
{
    while (count-- > 0) {
        wait_remove(&slots[count].waiter);
        file_unref(slots[count].file);
    }
}

static void forget(struct waiting *w)
{
    while (w->chunks) {
        struct chunk *c = w->chunks;
        forget_slots(c->slots, w->used);
        w->chunks = c->next;
        w->used = w->chunks ? CHUNK_WAITERS : INLINE_WAITERS;
        pages_free(c, 1);
    }
    forget_slots(w->slots, w->used);
}

static unsigned state_of(struct pollfd *p, struct waiting *w)
{
    struct file *f = p->fd >= 0 ? fd_get(p->fd) : NULL;
    unsigned events = POLLNVAL;
    if (p->fd < 0)
        return 0;
    if (f && f->ops) {
        unsigned asked = (uint16_t)p->events | POLLERR | POLLHUP;
        if (w) {
            w->set.events = asked;
            w->file = f;
        }
        events = file_poll(f, w ? &w->set : NULL) & asked;
    }
    file_unref(f);
    return events;
}

static long look(struct pollfd *fds, size_t count, struct waiting *w)
{
    long ready = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned events = state_of(&fds[i], ready ? NULL : w);
        fds[i].revents = (int16_t)events;
        ready += events != 0;
    }
    return ready;
}

int poll_idle(uint64_t deadline)
{
    if (net_poll(deadline != 0))
        return 0;
    return deadline ? wait_sleep(deadline, true) : -ETIMEDOUT;
}

long poll_wait(struct pollfd *fds, size_t count, uint64_t deadline)
{
    for (;;) {
        struct waiting w; /* its slots are cleared when they are used */
        w.set = (struct poll_set){.add = add};
        w.chunks = NULL;
        w.used = 0;
        long ready = look(fds, count, deadline ? &w : NULL);
        int err = w.set.error;
        if (ready == 0 && err == 0)
            err = poll_idle(deadline);
        forget(&w);
        if (ready > 0)
            return ready;
        if (err == -ETIMEDOUT)
            return deadline ? look(fds, count, NULL) : 0;
        if (err < 0)
            return err;
    }
}
