/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd(2). */
#include <u2k/errno.h>
#include <u2k/eventfd.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/poll.h>

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    uint64_t count;
    bool semaphore;
    struct waitq wait;
};

static int eventfd_wait(struct eventfd *e, const struct file *f)
{
    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    return wait_on(&e->wait, TIME_NEVER, true) == -EINTR ? -ERESTARTSYS : 0;
}

static ssize_t eventfd_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct eventfd *e = f->priv;
    if (it->left < sizeof e->count)
        return -EINVAL;
    while (e->count == 0) {
        int err = eventfd_wait(e, f);
        if (err < 0)
            return err;
    }
    uint64_t got = e->semaphore ? 1 : e->count;
    e->count -= got;
    waitq_wake(&e->wait, 1, POLLOUT);
    return iter_write(it, &got, sizeof got) == sizeof got ? (ssize_t)sizeof got : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    struct eventfd *e = f->priv;
    uint64_t more;
    if (it->left != sizeof more)
        return -EINVAL;
    if (iter_read(&more, it, sizeof more) != sizeof more)
        return -EFAULT;
    if (more > COUNT_MAX)
        return -EINVAL;
    while (more > COUNT_MAX - e->count) {
        int err = eventfd_wait(e, f);
        if (err < 0)
            return err;
    }
    e->count += more;
    waitq_wake(&e->wait, 1, POLLIN);
    return sizeof more;
}

unsigned eventfd_poll(struct file *f, struct poll_set *set)
{
    struct eventfd *e = f->priv;
    poll_add(set, &e->wait);
    return (e->count > 0 ? POLLIN : 0u) | (e->count < COUNT_MAX ? POLLOUT : 0u);
}

static void eventfd_release(struct file *f)
{
    DELETE((struct eventfd *)f->priv);
}

static const struct file_ops eventfd_file_ops = {.read = eventfd_read,
                                                 .write = eventfd_write,
                                                 .poll = eventfd_poll,
                                                 .release = eventfd_release,
                                                 .open = anonymous_no_open};

int eventfd_open(uint64_t count, bool semaphore, uint32_t flags, struct file **out)
{
    struct eventfd *e = NEW(struct eventfd);
    if (!e)
        return -ENOMEM;
    e->count = count;
    e->semaphore = semaphore;
    waitq_init(&e->wait);
    *out = file_anonymous(&eventfd_file_ops, 0600, "anon_inode:[eventfd]", e, O_RDWR | flags);
    if (*out)
        return 0;
    DELETE(e);
    return -ENOMEM;
}

IF_LINKED(file_poll, eventfd_poll, unlinked_never);
