/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of fs/epoll share: the set, its watches, and the watches' places on files' queues. */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include <u2k/epoll.h>
#include <u2k/poll.h>

#define WATCH_MODES (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

struct epoll {
    struct list watches, ready; /* of struct watch */
    struct waitq waiting; /* threads in epoll_wait(2) */
    struct waitq pollers; /* who waits for this epoll's own file */
    struct file *file;
    unsigned turn; /* changes when a watch ends, and when somebody takes from the list */
    unsigned visit, depth; /* nest.c */
};

/* A place on a queue of the file. */
struct hook {
    struct waiter waiter;
    struct watch *watch;
    struct hook *next; /* of files with more queues than one */
};

struct watch {
    struct list link; /* in epoll->watches */
    struct list ready_link; /* in epoll->ready, or itself */
    struct watch *next; /* of the same file: file->watches */
    struct epoll *epoll;
    struct file *file; /* not held: file_unref() tells when it goes */
    uint64_t data;
    int fd;
    uint32_t events; /* with WATCH_MODES; nothing but these: disabled (EPOLLONESHOT) */
    struct hook hook;
};

static inline struct epoll *epoll_of(const struct file *f)
{
    return f->priv;
}

/* The POLL* bits that are asked for and hold now. */
unsigned watch_events(struct watch *w);
/* It goes on the list; how many threads that woke. */
unsigned watch_ready(struct watch *w);

/* Whether watching the epoll `inner` from `outer` would close a circle or nest too deep. */
bool nests_too_deep(struct epoll *outer, struct epoll *inner);

unsigned epoll_poll(struct file *f, struct poll_set *set);

#endif
