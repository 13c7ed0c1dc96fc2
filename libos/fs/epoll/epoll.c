/* SPDX-License-Identifier: Apache-2.0 */
/* Epoll files: which files they watch. */
#include "epoll.h"

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>

/* With EPOLLEXCLUSIVE nothing else may be asked for (epoll_ctl(2)). */
#define EXCLUSIVE_MAY \
    (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

static bool woken(struct waiter *waiter, unsigned events)
{
    struct watch *w = CONTAINER_OF(waiter, struct hook, waiter)->watch;
    if (!(events & w->events & ~WATCH_MODES))
        return false;
    return watch_ready(w) > 0;
}

/* Who asks a file for its queues when a watch begins. */
struct joining {
    struct poll_set set;
    struct watch *watch;
};

static int join(struct poll_set *set, struct waitq *q)
{
    struct watch *w = CONTAINER_OF(set, struct joining, set)->watch;
    struct hook *h = &w->hook;
    if (h->watch) {
        if (!(h = NEW(struct hook)))
            return -ENOMEM;
        h->next = w->hook.next;
        w->hook.next = h;
    }
    h->watch = w;
    h->waiter = (struct waiter){.wake = woken, .exclusive = w->events & EPOLLEXCLUSIVE};
    waitq_join(q, &h->waiter);
    return 0;
}

static void leave(struct watch *w)
{
    while (w->hook.next) {
        struct hook *h = w->hook.next;
        w->hook.next = h->next;
        list_remove(&h->waiter.link);
        DELETE(h);
    }
    if (w->hook.watch)
        list_remove(&w->hook.waiter.link);
}

static void watch_end(struct watch *w)
{
    struct watch **at = &w->file->watches;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    leave(w);
    list_remove(&w->link);
    list_remove(&w->ready_link);
    w->epoll->turn++;
    DELETE(w);
}

static int watch_begin(struct epoll *e, int fd, struct file *f, const struct epoll_event_k *event)
{
    struct watch *w = NEW(struct watch);
    if (!w)
        return -ENOMEM;
    w->epoll = e;
    w->file = f;
    w->fd = fd;
    w->events = event->events;
    w->data = event->data;
    w->next = f->watches;
    f->watches = w;
    list_push_back(&e->watches, &w->link);
    list_init(&w->ready_link);
    struct joining j = {.set = {.add = join, .events = w->events & ~WATCH_MODES}, .watch = w};
    unsigned now = file_poll(f, &j.set) & j.set.events;
    if (j.set.error < 0)
        watch_end(w);
    else if (now)
        watch_ready(w);
    return j.set.error;
}

static void watch_change(struct watch *w, const struct epoll_event_k *event)
{
    w->events = event->events;
    w->data = event->data;
    if (watch_events(w))
        watch_ready(w);
}

/* A file has few watches, mostly one. */
static struct watch *find(const struct epoll *e, int fd, const struct file *f)
{
    struct watch *w = f->watches;
    while (w && (w->epoll != e || w->fd != fd))
        w = w->next;
    return w;
}

int epoll_change(struct file *epoll, int op, int fd, struct file *target,
                 const struct epoll_event_k *event)
{
    if (!target->ops->poll)
        return -EPERM;
    if (epoll == target || !file_is_epoll(epoll))
        return -EINVAL;
    struct epoll_event_k to = {0};
    if (op != EPOLL_CTL_DEL) {
        to = *event;
        if ((to.events & EPOLLEXCLUSIVE) &&
            (op != EPOLL_CTL_ADD || file_is_epoll(target) || (to.events & ~EXCLUSIVE_MAY)))
            return -EINVAL;
        to.events |= POLLERR | POLLHUP;
    }
    struct epoll *e = epoll_of(epoll);
    if (op == EPOLL_CTL_ADD && file_is_epoll(target) && nests_too_deep(e, epoll_of(target)))
        return -ELOOP;
    struct watch *w = find(e, fd, target);
    switch (op) {
    case EPOLL_CTL_ADD: return w ? -EEXIST : watch_begin(e, fd, target, &to);
    case EPOLL_CTL_DEL:
        if (!w)
            return -ENOENT;
        watch_end(w);
        return 0;
    case EPOLL_CTL_MOD:
        if (!w)
            return -ENOENT;
        if (w->events & EPOLLEXCLUSIVE)
            return -EINVAL;
        watch_change(w, &to);
        return 0;
    default: return -EINVAL;
    }
}

void epoll_file_gone(struct file *f)
{
    while (f->watches)
        watch_end(f->watches);
}

IF_LINKED(epoll_open, epoll_file_gone, unlinked_never);

static void epoll_release(struct file *f)
{
    struct epoll *e = epoll_of(f);
    while (!list_empty(&e->watches))
        watch_end(LIST_ENTRY(e->watches.next, struct watch, link));
    DELETE(e);
}

static const struct file_ops epoll_file_ops = {
    .poll = epoll_poll, .release = epoll_release, .open = anonymous_no_open};

bool file_is_epoll(const struct file *f)
{
    return f->ops == &epoll_file_ops;
}

int epoll_open(struct file **out)
{
    struct epoll *e = NEW(struct epoll);
    if (!e)
        return -ENOMEM;
    list_init(&e->watches);
    list_init(&e->ready);
    waitq_init(&e->waiting);
    waitq_init(&e->pollers);
    *out = e->file = file_anonymous(&epoll_file_ops, 0600, "anon_inode:[eventpoll]", e, O_RDWR);
    if (*out)
        return 0;
    DELETE(e);
    return -ENOMEM;
}
