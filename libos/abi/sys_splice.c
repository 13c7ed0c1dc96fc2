/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that go from file to file: sendfile(2), splice(2), tee(2), vmsplice(2). */
#include "file.h"

#include <u2k/pipe.h>
#include <u2k/splice.h>

enum { SPLICE_F_MOVE = 1, SPLICE_F_NONBLOCK = 2, SPLICE_F_MORE = 4, SPLICE_F_GIFT = 8 };
#define SPLICE_F_ALL ((unsigned)(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT))

// sendfile: implemented
SYSCALL(sendfile)
{
    vaddr_t where = ARG(vaddr_t, 2);
    struct file *out = fd_get_io(ARG(int, 0)), *in = fd_get_io(ARG(int, 1));
    int64_t pos = in ? in->pos : 0;
    long n = -EBADF;
    if (!in || !out || !file_readable(in) || !file_writable(out))
        ;
    else if (!in->ops->seek || !in->inode || S_ISDIR(in->inode->mode) || (out->flags & O_APPEND))
        n = -EINVAL;
    else if (where && USER_GET(pos, where) < 0)
        n = -EFAULT;
    else if (pos < 0)
        n = -EINVAL;
    else
        n = file_send(in, &pos, out, MIN(ARG(size_t, 3), RW_MAX));
    if (n >= 0 && where && USER_PUT(where, pos) < 0)
        n = -EFAULT;
    else if (n >= 0 && !where)
        in->pos = pos;
    file_unref(in);
    file_unref(out);
    return n;
}

/* Two open files. */
struct ends {
    struct file *in, *out;
};

static int ends_get(struct ends *e, int in, int out)
{
    e->in = fd_get_io(in);
    e->out = fd_get_io(out);
    return e->in && e->out && file_readable(e->in) && file_writable(e->out) ? 0 : -EBADF;
}

static void ends_put(const struct ends *e)
{
    file_unref(e->in);
    file_unref(e->out);
}

static bool dont_wait(const struct file *pipe, unsigned flags)
{
    return (flags & SPLICE_F_NONBLOCK) || (pipe->flags & O_NONBLOCK);
}

typedef ssize_t (*move)(struct file *pipe, struct file *other, int64_t *pos, size_t len,
                        bool nonblock);

/* `at`: the position in the other file, 0: its own. */
static long move_at(move go, struct file *pipe, struct file *other, vaddr_t at, size_t len,
                    unsigned flags)
{
    int64_t pos = other->pos;
    if (at && !other->ops->seek)
        return -EINVAL;
    if (at && USER_GET(pos, at) < 0)
        return -EFAULT;
    if (pos < 0)
        return -EINVAL;
    ssize_t n = go(pipe, other, &pos, len, dont_wait(pipe, flags));
    if (n > 0 && !at)
        other->pos = pos;
    else if (n > 0 && USER_PUT(at, pos) < 0)
        return -EFAULT;
    return n;
}

static long splice(const struct ends *e, vaddr_t in_at, vaddr_t out_at, size_t len, unsigned flags)
{
    bool in = file_is_pipe(e->in), out = file_is_pipe(e->out);
    if ((in && in_at) || (out && out_at))
        return -ESPIPE;
    if (in && out) {
        if (e->in->inode == e->out->inode)
            return -EINVAL;
        return pipe_to_pipe(e->in, e->out, len, false,
                            dont_wait(e->in, flags) || dont_wait(e->out, flags));
    }
    if (in)
        return e->out->flags & O_APPEND ? -EINVAL
                                        : move_at(pipe_to_file, e->in, e->out, out_at, len, flags);
    return out ? move_at(pipe_from_file, e->out, e->in, in_at, len, flags) : -EINVAL;
}

// splice: implemented
SYSCALL(splice)
{
    size_t len = MIN(ARG(size_t, 4), RW_MAX);
    struct ends e;
    if (len == 0)
        return 0;
    if (ARG(unsigned, 5) & ~SPLICE_F_ALL)
        return -EINVAL;
    long n = ends_get(&e, ARG(int, 0), ARG(int, 2));
    if (n == 0)
        n = splice(&e, sc->arg[1], sc->arg[3], len, ARG(unsigned, 5));
    ends_put(&e);
    return n;
}

// tee: implemented
SYSCALL(tee)
{
    unsigned flags = ARG(unsigned, 3);
    size_t len = MIN(ARG(size_t, 2), RW_MAX);
    struct ends e;
    if (flags & ~SPLICE_F_ALL)
        return -EINVAL;
    if (len == 0)
        return 0;
    long n = ends_get(&e, ARG(int, 0), ARG(int, 1));
    if (n == 0 && (!file_is_pipe(e.in) || !file_is_pipe(e.out) || e.in->inode == e.out->inode))
        n = -EINVAL;
    else if (n == 0)
        n = pipe_to_pipe(e.in, e.out, len, true, dont_wait(e.in, flags) || dont_wait(e.out, flags));
    ends_put(&e);
    return n;
}

// vmsplice: implemented
SYSCALL(vmsplice)
{
    unsigned flags = ARG(unsigned, 3);
    struct buffers b;
    if (flags & ~SPLICE_F_ALL)
        return -EINVAL;
    struct file *f = fd_get_io(ARG(int, 0));
    long n = f && file_is_pipe(f) ? 0 : -EBADF;
    if (n == 0)
        n = buffers_many(&b, sc->arg[1], ARG(long, 2));
    if (n == 0) {
        n = (file_writable(f) ? pipe_from_memory : pipe_to_memory)(f, &b.it, dont_wait(f, flags));
        buffers_end(&b);
    }
    file_unref(f);
    return n;
}
