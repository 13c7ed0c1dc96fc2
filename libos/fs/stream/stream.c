/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input, output and error where they are byte streams: they look like pipes. */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/poll.h>
#include <u2k/process.h>
#include <u2k/stream.h>
#include <u2k/streams.h>
#include <u2k/uaccess.h>

#define READ_AT_ONCE ((size_t)64 << 10) /* what a pipe gives */
#define WRITE_AT_ONCE ((size_t)1 << 20)

int stream_wait(enum stream s, unsigned mask)
{
    plat_stream_want(s, mask);
    int err = wait_on(&stream_events[s], TIME_NEVER, true);
    if (list_empty(&stream_events[s].waiters)) /* others may still want it */
        plat_stream_want(s, 0);
    return err == -EINTR ? -ERESTARTSYS : 0;
}

static enum stream stream_of(const struct file *f)
{
    return (enum stream)(uintptr_t)f->inode->priv;
}

/* Who watches the stream for good (epoll) is told of the next event; until then of none, since it may be that
 * nobody reads what is there. */
OPTIONAL void stream_watched(enum stream s)
{
    if (!list_empty(&stream_events[s].waiters))
        plat_stream_want(s, s == STREAM_IN ? STREAM_READABLE : STREAM_WRITABLE);
}

IF_LINKED(file_poll, stream_watched, unlinked_nothing);

static ssize_t stream_read(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    enum stream s = stream_of(f);
    while (it->left > 0) {
        void *at;
        size_t len = iter_span(it, PROT_WRITE, READ_AT_ONCE, &at);
        if (len == 0)
            return -EFAULT;
        ssize_t n = plat_stream_read(s, at, len);
        stream_watched(s);
        if (n >= 0) {
            iter_advance(it, (size_t)n);
            return n;
        }
        if (n != -EAGAIN || (f->flags & O_NONBLOCK))
            return n;
        int err = stream_wait(s, STREAM_READABLE);
        if (err < 0)
            return err;
    }
    return 0;
}

int stream_write_all(enum stream s, const void *buf, size_t len, bool nonblock, size_t *done)
{
    for (*done = 0; *done < len;) {
        ssize_t n = plat_stream_write(s, (const uint8_t *)buf + *done, len - *done);
        if (n >= 0) {
            *done += (size_t)n;
            continue;
        }
        if (n == -EPIPE)
            signal_send(current, &(struct siginfo){.signo = SIGPIPE, .code = SI_KERNEL});
        if (n != -EAGAIN || nonblock)
            return (int)n;
        int err = stream_wait(s, STREAM_WRITABLE);
        if (err < 0)
            return err;
    }
    return 0;
}

static ssize_t stream_write(struct file *f, struct iter *it, int64_t *pos)
{
    (void)pos;
    ssize_t total = 0;
    while (it->left > 0) {
        void *at;
        size_t done = 0, len = iter_span(it, PROT_READ, WRITE_AT_ONCE, &at);
        int err = -EFAULT;
        stream_watched(stream_of(f));
        /* The buffer may be unmapped by another thread while we wait, so wait out here only. */
        if (len > 0)
            err = stream_write_all(stream_of(f), at, len, true, &done);
        iter_advance(it, done);
        total += (ssize_t)done;
        if (err == -EAGAIN && !(f->flags & O_NONBLOCK))
            err = stream_wait(stream_of(f), STREAM_WRITABLE);
        if (err < 0)
            return total > 0 ? total : err;
    }
    return total;
}

long stream_ioctl(struct file *f, unsigned request, vaddr_t arg); /* terminal.c */

unsigned stream_poll(struct file *f, struct poll_set *set)
{
    enum stream s = stream_of(f);
    unsigned state = plat_stream_poll(s), events = 0;
    if (s == STREAM_IN) {
        events |= (state & STREAM_READABLE) ? POLLIN | POLLRDNORM : 0;
        events |= (state & STREAM_HANGUP) ? POLLHUP : 0;
    } else {
        events |= (state & STREAM_WRITABLE) ? POLLOUT | POLLWRNORM : 0;
        events |= (state & STREAM_HANGUP) ? POLLERR : 0;
    }
    poll_add(set, &stream_events[s]);
    if (!events)
        stream_watched(s);
    return events;
}

/* By way of /proc/self/fd: as with a pipe, but only in the direction that there is. */
static int stream_reopen(struct file *f)
{
    bool in = stream_of(f) == STREAM_IN;
    return (in ? file_writable(f) : file_readable(f)) ? -EACCES : 0;
}

static const struct file_ops stream_file_ops = {.read = stream_read,
                                                .write = stream_write,
                                                .poll = stream_poll,
                                                .ioctl = stream_ioctl,
                                                .open = stream_reopen};

int stream_open(enum stream s, struct file **out)
{
    enum stream_kind kind = plat_stream_kind(s);
    if (kind == STREAM_ABSENT) /* what an engine gives to a stream that nobody is behind */
        return null_open(out);
    bool terminal = kind == STREAM_TERMINAL;
    if (terminal && (*out = tty_open(O_RDWR)))
        return 0;
    /* Whoever the program becomes, /dev/stderr can be opened: engines give the user the pipes. */
    *out = file_anonymous(&stream_file_ops, terminal ? S_IFCHR | 0666 : S_IFIFO | 0666,
                          terminal ? "/dev/pts/0" : "pipe", (void *)(uintptr_t)s,
                          s == STREAM_IN ? O_RDONLY : O_WRONLY);
    if (*out && terminal)
        (*out)->inode->rdev = MKDEV(136, 0);
    return *out ? 0 : -ENOMEM;
}

IF_LINKED(file_poll, stream_poll, unlinked_never);
