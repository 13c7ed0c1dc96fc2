/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory locks: flock(2), and those of fcntl(2). */
#include "fcntl.h"
#include "file.h"

#include <u2k/lock.h>
#include <u2k/optional.h>

struct flock_k {
    int16_t type, whence;
    int32_t pad0;
    int64_t start, len;
    int32_t pid, pad1;
};

/* l_whence, l_start, l_len as a range of bytes (fcntl_locking(2)). */
static int range_of(const struct file *f, const struct flock_k *l, struct lock_range *out)
{
    int64_t base = l->whence == SEEK_SET   ? 0
                   : l->whence == SEEK_CUR ? f->pos
                                           : (int64_t)f->inode->size;
    int64_t first, last;
    if (l->whence < SEEK_SET || l->whence > SEEK_END)
        return -EINVAL;
    if (__builtin_add_overflow(base, l->start, &first))
        return -EOVERFLOW;
    if (l->len > 0) {
        if (__builtin_add_overflow(first, l->len - 1, &last))
            return -EOVERFLOW;
    } else {
        last = l->len == 0 ? INT64_MAX : first - 1;
        if (l->len < 0 && __builtin_add_overflow(first, l->len, &first))
            return -EINVAL;
    }
    if (first < 0)
        return -EINVAL;
    *out = (struct lock_range){l->type, (uint64_t)first,
                               last == INT64_MAX ? UINT64_MAX : (uint64_t)last};
    return 0;
}

static long get_lock(struct file *f, enum lock_kind kind, struct flock_k *l, vaddr_t at)
{
    struct lock_range want, found;
    enum lock_kind found_kind;
    int err = range_of(f, l, &want);
    if (err < 0)
        return err;
    if (l->type == F_UNLCK)
        return -EINVAL;
    if (!lock_test(f, kind, want, &found, &found_kind)) {
        l->type = F_UNLCK;
    } else {
        *l = (struct flock_k){
            .type = (int16_t)found.type,
            .whence = SEEK_SET,
            .start = (int64_t)found.first,
            .len = found.last == UINT64_MAX ? 0 : (int64_t)(found.last - found.first + 1),
            .pid = found_kind == LOCK_OFD ? -1 : PID,
        };
    }
    return user_write(at, l, sizeof *l);
}

long fcntl_lock(struct file *f, int cmd, vaddr_t at)
{
    struct flock_k l;
    struct lock_range want;
    enum lock_kind kind = cmd >= F_OFD_GETLK ? LOCK_OFD : LOCK_POSIX;
    if (USER_GET(l, at) < 0)
        return -EFAULT;
    if (!f->inode || l.type < F_RDLCK || l.type > F_UNLCK || (kind == LOCK_OFD && l.pid != 0))
        return -EINVAL;
    if (cmd == F_GETLK || cmd == F_OFD_GETLK)
        return get_lock(f, kind, &l, at);
    int err = range_of(f, &l, &want);
    if (err < 0)
        return err;
    if ((l.type == F_RDLCK && !file_readable(f)) || (l.type == F_WRLCK && !file_writable(f)))
        return -EBADF;
    return lock_set(f, kind, want, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

long fcntl_lock_missing(struct file *f, int cmd, vaddr_t at)
{
    (void)f, (void)cmd, (void)at;
    part_missing("lock", "fcntl was to lock a file");
    return -ENOLCK;
}

IF_LINKED(part_lock, fcntl_lock, fcntl_lock_missing);

// flock: implemented
SYSCALL(flock)
{
    static const int types[] = {[LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK};
    unsigned how = ARG(unsigned, 1), op = how & ~(unsigned)LOCK_NB;
    if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
        return -EINVAL;
    struct file *f = fd_get_io(ARG(int, 0));
    long err = -EBADF;
    if (f && f->inode)
        err = lock_set(f, LOCK_FLOCK, (struct lock_range){types[op], 0, UINT64_MAX},
                       !(how & LOCK_NB));
    file_unref(f);
    return err;
}
