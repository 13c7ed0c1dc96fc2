/* SPDX-License-Identifier: Apache-2.0 */
/* The size of files and where it is kept: truncation, preallocation, synchronisation, advice. */
#include "file.h"

#include <u2k/inotify.h>
#include <u2k/pages.h>

static long modified(struct dentry *d, long err)
{
    if (err == 0)
        inotify_tell(d, IN_MODIFY);
    return err;
}

// truncate: implemented
SYSCALL(truncate)
{
    struct dentry *d;
    int64_t size = ARG(int64_t, 1);
    if (size < 0)
        return -EINVAL;
    long err = at_find(AT_FDCWD, ARG(vaddr_t, 0), WALK_FOLLOW, &d);
    if (err < 0)
        return err;
    struct inode *i = d->inode;
    if (!S_ISREG(i->mode))
        err = S_ISDIR(i->mode) ? -EISDIR : -EINVAL;
    else if ((err = inode_permission(i, MAY_WRITE)) == 0)
        err = i->deny_write ? -ETXTBSY : modified(d, vfs_truncate(i, (uint64_t)size));
    dentry_unref(d);
    return err;
}

// ftruncate: implemented
SYSCALL(ftruncate)
{
    int64_t size = ARG(int64_t, 1);
    struct file *f = fd_get_io(ARG(int, 0));
    long err = -EBADF;
    if (size < 0)
        err = -EINVAL;
    else if (f)
        err = file_writable(f) && f->inode && S_ISREG(f->inode->mode)
                  ? modified(f->dentry, vfs_truncate(f->inode, (uint64_t)size))
                  : -EINVAL;
    file_unref(f);
    return err;
}

static long allocate(struct file *f, unsigned mode, int64_t offset, int64_t len)
{
    struct inode *i = f->inode;
    unsigned grow = mode & ~(unsigned)FALLOC_KEEP_SIZE;
    if (offset < 0 || len <= 0)
        return -EINVAL;
    if (mode & ~(unsigned)(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
        return -EOPNOTSUPP;
    if (grow == (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE) || mode == FALLOC_PUNCH_HOLE)
        return -EOPNOTSUPP;
    if (!file_writable(f))
        return -EBADF;
    if (!S_ISREG(i->mode))
        return (i->mode & S_IFMT) == S_IFIFO ? -ESPIPE : S_ISDIR(i->mode) ? -EISDIR : -ENODEV;
    if (!i->ops->allocate)
        return -EOPNOTSUPP;
    if (offset > INT64_MAX - len)
        return -EFBIG;
    uint64_t end = (uint64_t)offset + (uint64_t)len;
    bool grows = !(mode & FALLOC_KEEP_SIZE) && end > i->size;
    if ((grows && (i->seals & F_SEAL_GROW)) || (i->seals & F_SEAL_WRITE))
        return -EPERM;
    if (grows && end > process.limits[RLIMIT_FSIZE].soft) {
        signal_send(current, &(struct siginfo){.signo = SIGXFSZ, .code = SI_KERNEL});
        return -EFBIG;
    }
    /* Pages that there cannot be need not be sought one by one. */
    if (!grow && (uint64_t)len / PAGE_SIZE > pages_total_count())
        return -ENOSPC;
    return modified(f->dentry, i->ops->allocate(i, mode, (uint64_t)offset, (uint64_t)len));
}

// fallocate: partial: no FALLOC_FL_COLLAPSE_RANGE, INSERT_RANGE and UNSHARE_RANGE
SYSCALL(fallocate)
{
    struct file *f = fd_get_io(ARG(int, 0));
    long err = f ? allocate(f, ARG(unsigned, 1), ARG(int64_t, 2), ARG(int64_t, 3)) : -EBADF;
    file_unref(f);
    return err;
}

static long sync_file(int fd)
{
    struct file *f = fd_get_io(fd);
    if (!f)
        return -EBADF;
    uint32_t type = f->inode ? f->inode->mode & S_IFMT : 0;
    long err = f->ops->sync ? f->ops->sync(f) : type == S_IFREG || type == S_IFDIR ? 0 : -EINVAL;
    file_unref(f);
    return err;
}

// fsync: implemented
SYSCALL(fsync)
{
    return sync_file(ARG(int, 0));
}

// fdatasync: implemented
SYSCALL(fdatasync)
{
    return sync_file(ARG(int, 0));
}

// sync: implemented
SYSCALL(sync)
{
    return 0; /* all files are in memory, which is all there is of them */
}

// syncfs: implemented
SYSCALL(syncfs)
{
    return fd_peek(ARG(int, 0)) ? 0 : -EBADF;
}

// readahead: implemented
SYSCALL(readahead)
{
    const struct file *f = fd_peek(ARG(int, 0));
    if (!f || !f->ops || !file_readable(f))
        return -EBADF;
    return f->inode && S_ISREG(f->inode->mode) ? 0 : -EINVAL;
}

// fadvise64: implemented
SYSCALL(fadvise64)
{
    const struct file *f = fd_peek(ARG(int, 0));
    if (!f || !f->ops)
        return -EBADF;
    if (f->inode && (f->inode->mode & S_IFMT) == S_IFIFO)
        return -ESPIPE;
    return ARG(unsigned, 3) > 5 || ARG(int64_t, 2) < 0 ? -EINVAL : 0;
}
