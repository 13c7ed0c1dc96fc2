/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing and positions. */
#include "file.h"

#include <u2k/splice.h>

typedef ssize_t (*transfer)(struct file *f, struct iter *it, int64_t *pos);

static long at_own_position(int fd, struct iter *it, transfer go)
{
    struct file *f = fd_get_io(fd);
    if (!f)
        return -EBADF;
    ssize_t n = go(f, it, &f->pos);
    file_unref(f);
    return n;
}

static long at_position(int fd, struct iter *it, int64_t pos, transfer go)
{
    if (pos < 0 || (uint64_t)pos + it->left > (uint64_t)INT64_MAX)
        return -EINVAL;
    struct file *f = fd_get_io(fd);
    if (!f)
        return -EBADF;
    ssize_t n = f->ops->seek ? go(f, it, &pos) : -ESPIPE;
    file_unref(f);
    return n;
}

// read: implemented
SYSCALL(read)
{
    struct buffers b;
    buffers_one(&b, ARG(vaddr_t, 1), ARG(size_t, 2));
    return at_own_position(ARG(int, 0), &b.it, file_read);
}

// write: implemented
SYSCALL(write)
{
    struct buffers b;
    buffers_one(&b, ARG(vaddr_t, 1), ARG(size_t, 2));
    return at_own_position(ARG(int, 0), &b.it, file_write);
}

// pread64: implemented
SYSCALL(pread64)
{
    struct buffers b;
    buffers_one(&b, ARG(vaddr_t, 1), ARG(size_t, 2));
    return at_position(ARG(int, 0), &b.it, ARG(int64_t, 3), file_read);
}

// pwrite64: implemented
SYSCALL(pwrite64)
{
    struct buffers b;
    buffers_one(&b, ARG(vaddr_t, 1), ARG(size_t, 2));
    return at_position(ARG(int, 0), &b.it, ARG(int64_t, 3), file_write);
}

/* The vectored calls; `own`: at the file's position. */
static long vectored(const struct syscall *sc, bool own, transfer go)
{
    struct buffers b;
    int err = buffers_many(&b, ARG(vaddr_t, 1), ARG(int, 2));
    if (err < 0)
        return err;
    long n = own ? at_own_position(ARG(int, 0), &b.it, go)
                 : at_position(ARG(int, 0), &b.it, ARG(int64_t, 3), go);
    buffers_end(&b);
    return n;
}

// readv: implemented
SYSCALL(readv)
{
    return vectored(sc, true, file_read);
}

// writev: implemented
SYSCALL(writev)
{
    return vectored(sc, true, file_write);
}

// preadv: implemented
SYSCALL(preadv)
{
    return vectored(sc, false, file_read);
}

// pwritev: implemented
SYSCALL(pwritev)
{
    return vectored(sc, false, file_write);
}

static long vectored2(const struct syscall *sc, transfer go)
{
    enum { HIPRI = 1, DSYNC = 2, SYNC = 4 };
    if (ARG(int, 5) & ~(HIPRI | DSYNC | SYNC))
        return -EOPNOTSUPP;
    return vectored(sc, ARG(int64_t, 3) == -1, go);
}

// preadv2: partial: RWF_NOWAIT is refused with EOPNOTSUPP
SYSCALL(preadv2)
{
    return vectored2(sc, file_read);
}

// pwritev2: partial: RWF_APPEND and RWF_NOWAIT are refused with EOPNOTSUPP
SYSCALL(pwritev2)
{
    return vectored2(sc, file_write);
}

// lseek: implemented
SYSCALL(lseek)
{
    struct file *f = fd_get_io(ARG(int, 0));
    if (!f)
        return -EBADF;
    long pos = f->ops->seek ? f->ops->seek(f, ARG(int64_t, 1), ARG(int, 2)) : -ESPIPE;
    file_unref(f);
    return pos;
}

static long copy_range(struct file *in, vaddr_t in_at, struct file *out, vaddr_t out_at, size_t len)
{
    int64_t from = in->pos, to = out->pos;
    if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
        return -EISDIR;
    if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
        return -EINVAL;
    if ((in_at && USER_GET(from, in_at) < 0) || (out_at && USER_GET(to, out_at) < 0))
        return -EFAULT;
    if (from < 0 || to < 0 || from > INT64_MAX - (int64_t)len || to > INT64_MAX - (int64_t)len)
        return from < 0 || to < 0 ? -EINVAL : -EOVERFLOW;
    if (in->inode == out->inode && from < to + (int64_t)len && to < from + (int64_t)len)
        return -EINVAL;
    ssize_t n = file_copy(in, &from, out, &to, len);
    if (n < 0)
        return n;
    if ((in_at && USER_PUT(in_at, from) < 0) || (out_at && USER_PUT(out_at, to) < 0))
        return -EFAULT;
    in->pos = in_at ? in->pos : from;
    out->pos = out_at ? out->pos : to;
    return n;
}

// copy_file_range: implemented
SYSCALL(copy_file_range)
{
    if (ARG(unsigned, 5))
        return -EINVAL;
    struct file *in = fd_get_io(ARG(int, 0)), *out = fd_get_io(ARG(int, 2));
    long n = -EBADF;
    if (in && out && file_readable(in) && file_writable(out) && !(out->flags & O_APPEND))
        n = copy_range(in, ARG(vaddr_t, 1), out, ARG(vaddr_t, 3), MIN(ARG(size_t, 4), RW_MAX));
    file_unref(in);
    file_unref(out);
    return n;
}
