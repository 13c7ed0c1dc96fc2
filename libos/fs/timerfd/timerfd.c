/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timerfd_create(2). A periodic timer that nobody reads stands still after its first expiration, as on Linux: the
 * periods that went by are counted when somebody looks, and it wakes again after that.
 */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/poll.h>
#include <u2k/timerfd.h>

struct timerfd {
    struct clock clock;
    struct timer timer; /* set while it runs and has not expired */
    uint64_t expiry;    /* on its clock; 0: not running */
    uint64_t interval;
    uint64_t ticks;     /* expirations not yet read */
    bool expired;       /* and `expiry` is still of that one */
    struct waitq wait;
};

static void expire(struct timerfd *t)
{
    t->expired = true;
    t->ticks++;
    waitq_wake(&t->wait, 1, POLLIN);
}

static void fired(struct timer *timer)
{
    expire(CONTAINER_OF(timer, struct timerfd, timer));
}

/* Whether it is due does not depend on when the timer queue was last run. */
static void look(struct timerfd *t)
{
    if (t->expiry && !t->expired && clock_read(&t->clock) >= t->expiry) {
        timer_cancel(&t->timer);
        expire(t);
    }
}

/* The periods since the expiration are counted, and the next one runs. */
static void forward(struct timerfd *t)
{
    look(t);
    if (!t->expired)
        return;
    t->expired = false;
    if (!t->interval) {
        t->expiry = 0;
        return;
    }
    uint64_t now = clock_read(&t->clock);
    uint64_t more = now > t->expiry ? (now - t->expiry) / t->interval : 0;
    t->ticks += more;
    t->expiry = time_add(t->expiry, (more + 1) * t->interval);
    timer_set(&t->timer, clock_deadline(&t->clock, t->expiry), fired);
}

void timerfd_get(struct file *f, struct itimer *out)
{
    struct timerfd *t = f->priv;
    forward(t);
    uint64_t now = t->expiry ? clock_read(&t->clock) : 0;
    out->interval = t->interval;
    out->value = t->expiry > now ? t->expiry - now : 0;
}

void timerfd_set(struct file *f, const struct itimer *to, bool absolute)
{
    struct timerfd *t = f->priv;
    timer_cancel(&t->timer);
    t->ticks = 0;
    t->expired = false;
    t->interval = to->interval;
    t->expiry = 0;
    if (!to->value)
        return;
    t->expiry = absolute ? to->value : time_add(clock_read(&t->clock), to->value);
    timer_set(&t->timer, clock_deadline(&t->clock, t->expiry), fired);
}

static ssize_t timerfd_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct timerfd *t = f->priv;
    if (it->left < sizeof t->ticks)
        return -EINVAL;
    for (look(t); t->ticks == 0; look(t)) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_on(&t->wait, TIME_NEVER, true) == -EINTR)
            return -ERESTARTSYS;
    }
    forward(t);
    uint64_t ticks = t->ticks;
    t->ticks = 0;
    return iter_write(it, &ticks, sizeof ticks) == sizeof ticks ? (ssize_t)sizeof ticks : -EFAULT;
}

unsigned timerfd_poll(struct file *f, struct poll_set *set)
{
    struct timerfd *t = f->priv;
    poll_add(set, &t->wait);
    look(t);
    return t->ticks ? POLLIN : 0;
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->priv;
    timer_cancel(&t->timer);
    DELETE(t);
}

static const struct file_ops timerfd_file_ops = {.read = timerfd_read,
                                                 .poll = timerfd_poll,
                                                 .release = timerfd_release,
                                                 .open = anonymous_no_open};

bool file_is_timerfd(const struct file *f)
{
    return f->ops == &timerfd_file_ops;
}

int timerfd_open(const struct clock *c, uint32_t flags, struct file **out)
{
    struct timerfd *t = NEW(struct timerfd);
    if (!t)
        return -ENOMEM;
    t->clock = *c;
    waitq_init(&t->wait);
    *out = file_anonymous(&timerfd_file_ops, 0600, "anon_inode:[timerfd]", t, O_RDWR | flags);
    if (*out)
        return 0;
    DELETE(t);
    return -ENOMEM;
}

IF_LINKED(file_poll, timerfd_poll, unlinked_never);
