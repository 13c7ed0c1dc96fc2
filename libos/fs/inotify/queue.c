/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of events, and how it is read. */
#include "inotify.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/fcntl.h>
#include <u2k/pages.h>
#include <u2k/poll.h>
#include <u2k/string.h>
#include <u2k/termios.h>
#include <u2k/uaccess.h>

#define EVENTS_MAX 16384u /* fs.inotify.max_queued_events */
#define NAME_ALIGN 16u

static void push(struct inotify *n, struct event *e)
{
    list_push_back(&n->events, &e->link);
    n->event_count++;
    n->bytes += sizeof e->head + e->head.len;
    waitq_wake(&n->wait, 1, POLLIN | POLLRDNORM);
}

static void overflow(struct inotify *n)
{
    if (list_empty(&n->overflow.link))
        push(n, &n->overflow);
}

/* inotify(7): the same as the last one, which nobody has read yet, is told once. */
static bool repeats(const struct inotify *n, int number, uint32_t mask, const char *name,
                    size_t len)
{
    if (list_empty(&n->events))
        return false;
    struct event *last = LIST_ENTRY(n->events.prev, struct event, link);
    if (last->head.number != number || last->head.mask != mask || (mask & IN_IGNORED))
        return false;
    return len ? strnlen(event_name(last), last->head.len) == len &&
                     memcmp(event_name(last), name, len) == 0
               : last->head.len == 0;
}

void event_add(struct inotify *n, int number, uint32_t mask, uint32_t cookie, const char *name,
               size_t len)
{
    if (repeats(n, number, mask, name, len))
        return;
    size_t room = len ? ALIGN_UP(len + 1, NAME_ALIGN) : 0;
    struct event *e = n->event_count < EVENTS_MAX ? heap_alloc(sizeof *e + room) : NULL;
    if (!e) {
        overflow(n);
        return;
    }
    e->head = (struct inotify_event_k){number, mask, cookie, (uint32_t)room};
    if (len)
        memcpy(event_name(e), name, len);
    push(n, e);
}

static void event_take(struct inotify *n, struct event *e)
{
    list_remove(&e->link);
    n->event_count--;
    n->bytes -= sizeof e->head + e->head.len;
}

static void event_free(struct inotify *n, struct event *e)
{
    if (e != &n->overflow)
        heap_free(e, sizeof *e + e->head.len);
}

static ssize_t inotify_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct inotify *n = f->priv;
    ssize_t done = 0;
    while (list_empty(&n->events)) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_on(&n->wait, TIME_NEVER, true) == -EINTR)
            return -ERESTARTSYS;
    }
    while (!list_empty(&n->events)) {
        struct event *e = LIST_ENTRY(n->events.next, struct event, link);
        size_t size = sizeof e->head + e->head.len;
        if (size > it->left)
            return done > 0 ? done : -EINVAL;
        event_take(n, e); /* first: the copy may wait, and there may be other readers */
        bool good = iter_write(it, &e->head, sizeof e->head) == sizeof e->head &&
                    iter_write(it, event_name(e), e->head.len) == e->head.len;
        event_free(n, e);
        if (!good)
            return done > 0 ? done : -EFAULT;
        done += (ssize_t)size;
    }
    return done;
}

unsigned inotify_poll(struct file *f, struct poll_set *set)
{
    struct inotify *n = f->priv;
    poll_add(set, &n->wait);
    return list_empty(&n->events) ? 0 : POLLIN | POLLRDNORM;
}

long inotify_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    const struct inotify *n = f->priv;
    int32_t bytes = (int32_t)n->bytes;
    return request == FIONREAD ? USER_PUT(arg, bytes) : -ENOTTY;
}

static unsigned instances;

static void inotify_release(struct file *f)
{
    struct inotify *n = f->priv;
    while (!list_empty(&n->watches))
        watched_end(LIST_ENTRY(n->watches.next, struct watched, link));
    while (!list_empty(&n->events)) {
        struct event *e = LIST_ENTRY(n->events.next, struct event, link);
        event_take(n, e);
        event_free(n, e);
    }
    DELETE(n);
    instances--;
}

static const struct file_ops inotify_file_ops = {.read = inotify_read,
                                                 .poll = inotify_poll,
                                                 .ioctl = inotify_ioctl,
                                                 .release = inotify_release,
                                                 .open = anonymous_no_open};

bool file_is_inotify(const struct file *f)
{
    return f->ops == &inotify_file_ops;
}

int inotify_open(uint32_t flags, struct file **out)
{
    enum { INSTANCES_MAX = 128 }; /* fs.inotify.max_user_instances */
    if (instances >= INSTANCES_MAX)
        return -EMFILE;
    struct inotify *n = NEW(struct inotify);
    if (!n)
        return -ENOMEM;
    list_init(&n->watches);
    list_init(&n->events);
    waitq_init(&n->wait);
    list_init(&n->overflow.link);
    n->overflow.head = (struct inotify_event_k){.number = -1, .mask = IN_Q_OVERFLOW};
    *out = file_anonymous(&inotify_file_ops, 0600, "anon_inode:inotify", n, O_RDONLY | flags);
    if (!*out) {
        DELETE(n);
        return -ENOMEM;
    }
    instances++;
    return 0;
}

IF_LINKED(file_poll, inotify_poll, unlinked_never);
IF_LINKED(sys_ioctl, inotify_ioctl, unlinked_never);
