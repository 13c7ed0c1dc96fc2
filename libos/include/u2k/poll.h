/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for several files. A file's poll() tells its state and, with a set, gives its queues. It does not wait.
 * epoll(7) asks for the queues once, when it begins to watch, and from then on only for the state: so a queue
 * lives as long as the file is open, and whoever makes something ready that was not wakes it, with the POLL* bits.
 * A file with one queue for all costs one allocation a watch; what may be asked for later (EPOLL_CTL_MOD) has to be
 * on the queues given.
 */
#ifndef U2K_POLL_H
#define U2K_POLL_H

#include <u2k/sched.h>
#include <u2k/vfs.h>

/* Who asks: poll(2) here, epoll in fs/epoll; `add` keeps a waiter on the queue. */
struct poll_set {
    int (*add)(struct poll_set *set, struct waitq *q);
    int error; /* the first -errno of add */
    unsigned events; /* what is asked for */
};

static inline void poll_add(struct poll_set *set, struct waitq *q)
{
    if (set && set->error == 0)
        set->error = set->add(set, q);
}

/* POLL* state of a file; a file without poll() is always ready (regular files). */
unsigned file_poll(struct file *f, struct poll_set *set);

struct pollfd {
    int32_t fd;
    int16_t events, revents;
};

/* poll(2) on library OS memory: count of ready ones, -EINTR, -ENOMEM. */
long poll_wait(struct pollfd *fds, size_t count, uint64_t deadline);

/* Nothing is ready, and the thread is on the queues that it waits for: sleep, if `deadline` is not 0. The one
 * place from which poll(2), select(2) and epoll_wait(2) sleep or give up. 0: look again, -ETIMEDOUT, -EINTR. */
int poll_idle(uint64_t deadline);

#endif
