/* SPDX-License-Identifier: Apache-2.0 */
/* Sending and receiving: protocols do what can be done now, this waits for the rest. */
#include "wait.h"

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/netdev.h>
#include <u2k/optional.h>
#include <u2k/signal.h>

static bool is_stream(const struct socket *s)
{
    return s->type == SOCK_STREAM;
}

/* The bytes that a receive waits for (socket(7), SO_RCVLOWAT). */
static size_t enough(const struct socket *s, const struct message *m, size_t want)
{
    if (!is_stream(s))
        return 0;
    size_t target = (m->flags & MSG_WAITALL) ? want : MIN(s->rcvlowat, want);
    return target ? target : 1;
}

/* A peek that goes on begins from the start again. */
static ssize_t receive_on(struct socket *s, struct message *m, const struct iter *start,
                          size_t target, ssize_t n)
{
    struct patience p = {.timeout = s->rcvtimeo, .dontwait = (m->flags & MSG_DONTWAIT) != 0};
    size_t done = 0;
    for (;;) {
        if (n > 0)
            done = (m->flags & MSG_PEEK) ? (size_t)n : done + (size_t)n;
        if (n < 0 && n != -EAGAIN && done > 0)
            s->error = (int32_t)-n; /* the next call tells */
        if ((n <= 0 && n != -EAGAIN) || (n > 0 && (done >= target || m->complete)))
            return done > 0 ? (ssize_t)done : n;
        int err = socket_wait(s, POLLIN | POLLRDNORM, &p);
        if (err < 0)
            return done > 0 ? (ssize_t)done : err;
        if (start)
            *m->data = *start;
        n = s->ops->receive(s, m);
    }
}

ssize_t socket_receive(struct socket *s, struct message *m)
{
    struct iter start;
    bool peek = m->flags & MSG_PEEK;
    size_t target = enough(s, m, m->data->left);
    if (peek)
        start = *m->data;
    if (!s->ops->receive)
        return -EOPNOTSUPP;
    ssize_t n = s->ops->receive(s, m);
    if (UNLIKELY(n < (ssize_t)target))
        n = receive_on(s, m, peek ? &start : NULL, target, n);
    net_settle(); /* a window that opened is told */
    return n;
}

static ssize_t send_failed(struct socket *s, const struct message *m, ssize_t err)
{
    if (err == -EPIPE && is_stream(s) && !(m->flags & MSG_NOSIGNAL))
        signal_send(current, &(struct siginfo){.signo = SIGPIPE, .code = SI_USER});
    return err;
}

ssize_t socket_send(struct socket *s, struct message *m)
{
    struct patience p = {.timeout = s->sndtimeo, .dontwait = (m->flags & MSG_DONTWAIT) != 0};
    size_t want = m->data->left, done = 0;
    if (!s->ops->send)
        return -EOPNOTSUPP;
    for (;;) {
        ssize_t n = s->ops->send(s, m);
        net_settle();
        if (LIKELY(n == (ssize_t)(want - done) || (n >= 0 && !is_stream(s))))
            return (ssize_t)done + n;
        if (n > 0) {
            done += (size_t)n;
        } else if (n != -EAGAIN) {
            if (done > 0 && n < 0 && n != -EPIPE && n != -EFAULT)
                s->error = (int32_t)-n;
            return done > 0 ? (ssize_t)done : send_failed(s, m, n);
        }
        int err = socket_wait(s, POLLOUT | POLLWRNORM, &p);
        if (err < 0)
            return done > 0 ? (ssize_t)done : err;
    }
}

/* file_ops.send_pages: sendfile(2) in place, for protocols that can. */
ssize_t socket_send_pages(struct file *f, struct inode *in, uint64_t pos, size_t n, bool more)
{
    struct socket *s = f->priv;
    const struct message m = {.flags = (f->flags & O_NONBLOCK) ? MSG_DONTWAIT : 0u};
    struct patience p = {.timeout = s->sndtimeo, .dontwait = m.flags != 0};
    size_t done = 0;
    if (!s->ops->send_pages)
        return -EINVAL;
    for (;;) {
        ssize_t got = s->ops->send_pages(s, in, pos + done, n - done, more);
        net_settle();
        done += (size_t)MAX(got, 0);
        if (done == n || (got < 0 && got != -EAGAIN))
            return done > 0 ? (ssize_t)done : send_failed(s, &m, got);
        int err = socket_wait(s, POLLOUT | POLLWRNORM, &p);
        if (err < 0)
            return done > 0 ? (ssize_t)done : err;
    }
}

IF_LINKED(sys_sendfile, socket_send_pages, unlinked_never);
