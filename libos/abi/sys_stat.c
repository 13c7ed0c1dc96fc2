/* SPDX-License-Identifier: Apache-2.0 */
/* What files are, and whether one may use them. */
#include "file.h"

#include <asm/stat.h>

static long put_stat(const struct inode *i, vaddr_t at)
{
    struct stat_k st = {
        .dev = i->sb->dev,
        .ino = i->ino,
        .mode = i->mode,
        .nlink = i->nlink,
        .uid = i->uid,
        .gid = i->gid,
        .rdev = i->rdev,
        .size = (int64_t)i->size,
        .blksize = 4096,
        .blocks = (int64_t)i->blocks,
        .atime = i->atime.sec,
        .atime_nsec = i->atime.nsec,
        .mtime = i->mtime.sec,
        .mtime_nsec = i->mtime.nsec,
        .ctime = i->ctime.sec,
        .ctime_nsec = i->ctime.nsec,
    };
    return USER_PUT(at, st);
}

static long stat_at(int dirfd, vaddr_t path, vaddr_t out, unsigned flags)
{
    struct dentry *d;
    int err = at_find(dirfd, path, at_walk(flags), &d);
    if (err < 0)
        return err;
    long result = put_stat(d->inode, out);
    dentry_unref(d);
    return result;
}

// stat: implemented
SYSCALL(stat)
{
    return stat_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(vaddr_t, 1), 0);
}

// lstat: implemented
SYSCALL(lstat)
{
    return stat_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(vaddr_t, 1), AT_SYMLINK_NOFOLLOW);
}

// fstat: implemented
SYSCALL(fstat)
{
    const struct file *f = fd_peek(ARG(int, 0));
    return f && f->inode ? put_stat(f->inode, ARG(vaddr_t, 1)) : -EBADF;
}

// newfstatat: implemented
SYSCALL(newfstatat)
{
    unsigned flags = ARG(unsigned, 3);
    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    return stat_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(vaddr_t, 2), flags);
}

struct statx_time {
    int64_t sec;
    uint32_t nsec, pad;
};

struct statx_k {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad0;
    uint64_t ino, size, blocks, attributes_mask;
    struct statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mount, pad[13];
};
_Static_assert(sizeof(struct statx_k) == 256, "struct statx");

static struct statx_time statx_time(struct timespec64 t)
{
    return (struct statx_time){t.sec, (uint32_t)t.nsec, 0};
}

static uint32_t major(uint64_t dev)
{
    return dev >> 8 & 0xfff;
}
static uint32_t minor(uint64_t dev)
{
    return (uint32_t)((dev & 0xff) | (dev >> 12 & 0xfff00));
}

// statx: implemented
SYSCALL(statx)
{
    enum { BASIC = 0x7ff, BTIME = 0x800, MOUNT = 0x1000, RESERVED = (int)0x80000000 };
    enum { MOUNT_ROOT = 0x2000 };
    unsigned flags = ARG(unsigned, 2);
    if ((flags &
         ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
        (ARG(unsigned, 3) & (unsigned)RESERVED))
        return -EINVAL;
    struct dentry *d;
    int err = at_find(ARG(int, 0), ARG(vaddr_t, 1), at_walk(flags), &d), mount;
    if (err < 0)
        return err;
    const struct inode *i = d->inode;
    mount_of(i->sb, &mount);
    struct statx_k st = {
        .mask = BASIC | BTIME | MOUNT,
        .blksize = 4096,
        .attributes = d == i->sb->root ? MOUNT_ROOT : 0,
        .attributes_mask = MOUNT_ROOT,
        .nlink = i->nlink,
        .uid = i->uid,
        .gid = i->gid,
        .mode = (uint16_t)i->mode,
        .ino = i->ino,
        .size = i->size,
        .blocks = i->blocks,
        .atime = statx_time(i->atime),
        .btime = statx_time(i->btime),
        .ctime = statx_time(i->ctime),
        .mtime = statx_time(i->mtime),
        .rdev_major = major(i->rdev),
        .rdev_minor = minor(i->rdev),
        .dev_major = major(i->sb->dev),
        .dev_minor = minor(i->sb->dev),
        .mount = (uint64_t)mount,
    };
    dentry_unref(d);
    return USER_PUT(sc->arg[4], st);
}

static long put_statfs(struct superblock *sb, vaddr_t at)
{
    struct statfs_k st = {.bsize = 4096, .frsize = 4096, .namelen = NAME_MAX};
    st.fsid[0] = (int32_t)sb->dev;
    st.flags = (int64_t)(sb->flags & 15) | 0x20; /* ST_VALID */
    int err = sb->ops->statfs ? sb->ops->statfs(sb, &st) : 0;
    return err < 0 ? err : USER_PUT(at, st);
}

// statfs: implemented
SYSCALL(statfs)
{
    struct dentry *d;
    int err = at_find(AT_FDCWD, ARG(vaddr_t, 0), WALK_FOLLOW, &d);
    if (err < 0)
        return err;
    long result = put_statfs(d->inode->sb, ARG(vaddr_t, 1));
    dentry_unref(d);
    return result;
}

// fstatfs: implemented
SYSCALL(fstatfs)
{
    const struct file *f = fd_peek(ARG(int, 0));
    return f && f->inode ? put_statfs(f->inode->sb, ARG(vaddr_t, 1)) : -EBADF;
}

/* access(2) asks for the real user: nothing below waits, so the identity can be borrowed. */
static long access_at(int dirfd, vaddr_t path, unsigned may, unsigned flags)
{
    if ((may & ~7u) || (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EACCESS | AT_EMPTY_PATH)))
        return -EINVAL;
    struct credentials *cred = &process.cred;
    uint32_t fsuid = cred->fsuid, fsgid = cred->fsgid;
    uint64_t effective = cred->cap_effective;
    if (!(flags & AT_EACCESS)) {
        cred->fsuid = cred->uid;
        cred->fsgid = cred->gid;
        cred->cap_effective = cred->uid == 0 ? cred->cap_permitted : 0;
    }
    struct dentry *d;
    int err = at_find(dirfd, path, at_walk(flags), &d);
    if (err == 0) {
        if (may && S_ISREG(d->inode->mode) && (may & MAY_EXEC) && (d->inode->sb->flags & SB_NOEXEC))
            err = -EACCES;
        else if (may)
            err = inode_permission(d->inode, may);
        dentry_unref(d);
    }
    cred->fsuid = fsuid;
    cred->fsgid = fsgid;
    cred->cap_effective = effective;
    return err;
}

// access: implemented
SYSCALL(access)
{
    return access_at(AT_FDCWD, ARG(vaddr_t, 0), ARG(unsigned, 1), 0);
}

// faccessat: implemented
SYSCALL(faccessat)
{
    return access_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(unsigned, 2), 0);
}

// faccessat2: implemented
SYSCALL(faccessat2)
{
    return access_at(ARG(int, 0), ARG(vaddr_t, 1), ARG(unsigned, 2), ARG(unsigned, 3));
}
