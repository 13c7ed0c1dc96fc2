/* SPDX-License-Identifier: Apache-2.0 */
/* splice(2), tee(2): the ring's pages are read and filled in place by the other file. */
#include "pipe.h"

#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/poll.h>
#include <u2k/string.h>

#define PIECES 16

struct pieces {
    struct iovec_k vec[PIECES];
    struct iter it;
};

/* Up to `len` bytes of the ring from `offset` bytes behind its head on. */
static void gather(struct pipe *p, size_t offset, size_t len, bool make, struct pieces *out)
{
    out->it = (struct iter){.vec = out->vec, .kernel = true};
    while (out->it.left < len && out->it.count < PIECES) {
        size_t n = len - out->it.left;
        const uint8_t *at = pipe_piece(p, (p->head + offset + out->it.left) % p->size, &n, make);
        if (!at)
            break;
        out->vec[out->it.count++] = (struct iovec_k){(vaddr_t)at, n};
        out->it.left += n;
    }
}

ssize_t pipe_to_file(struct file *pipe, struct file *out, int64_t *to, size_t len, bool nonblock)
{
    struct pipe *p = pipe_of(pipe);
    ssize_t done = 0, n = pipe_await_data(p, nonblock);
    if (n <= 0)
        return n;
    while ((size_t)done < len && p->used > 0) {
        struct pieces from;
        gather(p, 0, MIN(p->used, len - (size_t)done), false, &from);
        size_t want = from.it.left;
        p->reading = PIPE_HELD;
        n = file_write(out, &from.it, to);
        done += MAX(n, 0);
        pipe_taken(p, (size_t)MAX(n, 0));
        pipe_read_done(p);
        if (n < (ssize_t)want)
            break;
    }
    return done > 0 ? done : n;
}

ssize_t pipe_from_file(struct file *pipe, struct file *in, int64_t *from, size_t len, bool nonblock)
{
    struct pipe *p = pipe_of(pipe);
    int err = pipe_await_room(p, 1, nonblock);
    if (err < 0)
        return err;
    struct pieces to;
    gather(p, p->used, MIN(p->size - p->used, len), true, &to);
    if (to.it.left == 0)
        return -ENOMEM;
    p->writing = PIPE_HELD;
    ssize_t n = file_read(in, &to.it, from);
    pipe_added(p, (size_t)MAX(n, 0));
    pipe_write_done(p);
    return n;
}

ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t len, bool keep, bool nonblock)
{
    struct pipe *from = pipe_of(in), *to = pipe_of(out);
    size_t done = 0;
    while (from->used == 0 || from->reading || to->used == to->size || to->writing) {
        int err = pipe_await_data(from, nonblock);
        if (err > 0)
            err = pipe_await_room(to, 1, nonblock);
        else if (err == 0)
            return 0;
        if (err < 0)
            return err;
    }
    if (to->readers == 0)
        return pipe_await_room(to, 1, nonblock);
    len = MIN(len, from->used);
    while (done < len && to->used < to->size) {
        size_t n = MIN(len - done, to->size - to->used);
        size_t at = keep ? done : 0;
        const uint8_t *source = pipe_piece(from, (from->head + at) % from->size, &n, false);
        uint8_t *target = pipe_piece(to, (to->head + to->used) % to->size, &n, true);
        if (!target)
            break;
        memcpy(target, source, n);
        if (!keep)
            pipe_taken(from, n);
        pipe_added(to, n);
        done += n;
    }
    return done > 0 ? (ssize_t)done : -ENOMEM;
}
