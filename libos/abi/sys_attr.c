/* SPDX-License-Identifier: Apache-2.0 */
/* Changing modes, owners and times. */
#include "file.h"

#include <u2k/clock.h>
#include <u2k/inotify.h>

static long changed(struct dentry *d, long err)
{
    if (err == 0)
        inotify_tell(d, IN_ATTRIB);
    return err;
}

static long chmod_at(int dirfd, vaddr_t path, uint32_t mode, unsigned flags)
{
    struct dentry *d;
    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int err = at_find(dirfd, path, at_walk(flags), &d);
    if (err < 0)
        return err;
    long result = S_ISLNK(d->inode->mode) ? -EOPNOTSUPP : changed(d, vfs_chmod(d->inode, mode));
    dentry_unref(d);
    return result;
}

// chmod: implemented
SYSCALL(chmod)
{
    return chmod_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(uint32_t, 1), 0);
}

// fchmodat: implemented
SYSCALL(fchmodat)
{
    return chmod_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(uint32_t, 2), 0);
}

// fchmodat2: implemented
SYSCALL(fchmodat2)
{
    return chmod_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(uint32_t, 2), ARG(unsigned, 3));
}

// fchmod: implemented
SYSCALL(fchmod)
{
    const struct file *f = fd_peek(ARG(int, 0));
    return f && f->ops && f->inode ? changed(f->dentry, vfs_chmod(f->inode, ARG(uint32_t, 1)))
                                   : -EBADF;
}

static long chown_at(int dirfd, vaddr_t path, uint32_t uid, uint32_t gid, unsigned flags)
{
    struct dentry *d;
    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int err = at_find(dirfd, path, at_walk(flags), &d);
    if (err < 0)
        return err;
    long result = changed(d, vfs_chown(d->inode, uid, gid));
    dentry_unref(d);
    return result;
}

// chown: implemented
SYSCALL(chown)
{
    return chown_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(uint32_t, 1), ARG(uint32_t, 2), 0);
}

// lchown: implemented
SYSCALL(lchown)
{
    return chown_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(uint32_t, 1), ARG(uint32_t, 2),
                    AT_SYMLINK_NOFOLLOW);
}

// fchownat: implemented
SYSCALL(fchownat)
{
    return chown_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(uint32_t, 2), ARG(uint32_t, 3),
                    ARG(unsigned, 4));
}

// fchown: implemented
SYSCALL(fchown)
{
    const struct file *f = fd_peek(ARG(int, 0));
    if (!f || !f->ops || !f->inode)
        return -EBADF;
    return changed(f->dentry, vfs_chown(f->inode, ARG(uint32_t, 1), ARG(uint32_t, 2)));
}

#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

static bool usable(const struct timespec64 *t)
{
    return t->nsec == UTIME_NOW || t->nsec == UTIME_OMIT ||
           (t->nsec >= 0 && t->nsec < (int64_t)NSEC_PER_SEC);
}

/* Both times: somebody set them; one alone: as if the file had been read or written (inotify(7)). */
static uint32_t event_of(const struct timespec64 t[2])
{
    return t[0].nsec == UTIME_OMIT ? IN_MODIFY : t[1].nsec == UTIME_OMIT ? IN_ACCESS : IN_ATTRIB;
}

static long set_times(struct dentry *d, const struct timespec64 t[2])
{
    struct inode *i = d->inode;
    struct timespec64 now = time_now();
    bool both_now = t[0].nsec == UTIME_NOW && t[1].nsec == UTIME_NOW;
    if (t[0].nsec == UTIME_OMIT && t[1].nsec == UTIME_OMIT)
        return 0;
    if (!usable(&t[0]) || !usable(&t[1]))
        return -EINVAL;
    if (i->sb->flags & SB_RDONLY)
        return -EROFS;
    if (!inode_owner_or_capable(i)) {
        int err = both_now ? inode_permission(i, MAY_WRITE) : -EPERM;
        if (err < 0)
            return err;
    }
    if (t[0].nsec != UTIME_OMIT)
        i->atime = t[0].nsec == UTIME_NOW ? now : t[0];
    if (t[1].nsec != UTIME_OMIT)
        i->mtime = t[1].nsec == UTIME_NOW ? now : t[1];
    inode_touch(i, false);
    inotify_tell(d, event_of(t));
    return 0;
}

static long times_at(int dirfd, vaddr_t path, const struct timespec64 t[2], unsigned flags)
{
    struct dentry *d;
    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!path) {
        const struct file *f = fd_peek(dirfd);
        if (dirfd == AT_FDCWD)
            return -EFAULT;
        if (flags)
            return -EINVAL;
        return f && f->ops && f->dentry ? set_times(f->dentry, t) : -EBADF;
    }
    int err = at_find(dirfd, path, at_walk(flags), &d);
    if (err < 0)
        return err;
    long result = set_times(d, t);
    dentry_unref(d);
    return result;
}

static const struct timespec64 both_now[2] = {{.nsec = UTIME_NOW}, {.nsec = UTIME_NOW}};

// utimensat: implemented
SYSCALL(utimensat)
{
    struct timespec64 t[2] = {both_now[0], both_now[1]};
    if (sc->arg[2] && USER_GET(t, sc->arg[2]) < 0)
        return -EFAULT;
    return times_at(ARG(int, 0), ARG(vaddr_t, 1), t, ARG(unsigned, 3));
}

/* struct timeval[2]: microseconds. */
static long times_us(int dirfd, vaddr_t path, vaddr_t at)
{
    struct timespec64 t[2] = {both_now[0], both_now[1]};
    if (at) {
        if (USER_GET(t, at) < 0)
            return -EFAULT;
        for (unsigned i = 0; i < 2; i++) {
            if (t[i].nsec < 0 || t[i].nsec >= 1000000)
                return -EINVAL;
            t[i].nsec *= 1000;
        }
    }
    return times_at(dirfd, path, t, 0);
}

// futimesat: implemented
SYSCALL(futimesat)
{
    return times_us(ARG(int, 0), ARG(vaddr_t, 1), ARG(vaddr_t, 2));
}

// utimes: implemented
SYSCALL(utimes)
{
    return times_us(AT_FDCWD, ARG(vaddr_t, 0), ARG(vaddr_t, 1));
}

// utime: implemented
SYSCALL(utime)
{
    struct timespec64 t[2] = {both_now[0], both_now[1]};
    int64_t seconds[2];
    if (sc->arg[1]) {
        if (USER_GET(seconds, sc->arg[1]) < 0)
            return -EFAULT;
        t[0] = (struct timespec64){.sec = seconds[0]};
        t[1] = (struct timespec64){.sec = seconds[1]};
    }
    return times_at(AT_FDCWD, ARG(vaddr_t, 0), t, 0);
}
