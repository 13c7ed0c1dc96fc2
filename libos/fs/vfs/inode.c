/* SPDX-License-Identifier: Apache-2.0 */
/* Inodes: their life, who may do what with them, their times. */
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/vfs.h>

struct timespec64 time_now(void)
{
    uint64_t ns = clock_realtime();
    return (struct timespec64){(int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC)};
}

struct superblock *super_new(const struct filesystem *type, const struct super_ops *ops,
                             unsigned flags)
{
    static uint64_t last_dev = 0x14; /* anonymous devices have major 0 */
    struct superblock *sb = NEW(struct superblock);
    if (!sb)
        return NULL;
    sb->type = type;
    sb->ops = ops;
    sb->flags = flags;
    sb->dev = ++last_dev;
    return sb;
}

struct inode *inode_new(struct superblock *sb, size_t size, uint32_t mode)
{
    struct inode *i = heap_alloc(size);
    if (!i)
        return NULL;
    i->sb = sb;
    i->ino = ++sb->next_ino;
    i->mode = mode;
    i->nlink = 1;
    i->refs = 1;
    i->atime = i->mtime = i->ctime = i->btime = time_now();
    list_init(&i->mappings);
    list_init(&i->locks);
    return i;
}

void inode_unref(struct inode *i)
{
    if (i && --i->refs == 0)
        i->sb->ops->evict(i);
}

unsigned root_flags_read_only(void)
{
    return SB_RDONLY;
}

/* In the place of read_only() where the root cannot be written. */
int read_only_root(const struct superblock *sb)
{
    if (sb == mounts[0].sb)
        part_missing("writable", "the root was to be changed");
    return -EROFS;
}

int inode_permission(const struct inode *i, unsigned may)
{
    uint32_t type = i->mode & S_IFMT;
    if ((may & MAY_WRITE) && (i->sb->flags & SB_RDONLY) &&
        (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
        return read_only(i->sb);
    const struct credentials *cred = &process.cred;
    unsigned bits = i->mode & 7;
    if (cred->fsuid == i->uid)
        bits = i->mode >> 6 & 7;
    else if (in_group(i->gid))
        bits = i->mode >> 3 & 7;
    if ((may & ~bits) == 0)
        return 0;
    /* capabilities(7): CAP_DAC_OVERRIDE runs only what somebody may run; directories always. */
    if ((!(may & MAY_EXEC) || type == S_IFDIR || (i->mode & 0111)) && capable(CAP_DAC_OVERRIDE))
        return 0;
    if ((may == MAY_READ || (type == S_IFDIR && !(may & MAY_WRITE))) &&
        capable(CAP_DAC_READ_SEARCH))
        return 0;
    return -EACCES;
}

bool inode_owner_or_capable(const struct inode *i)
{
    return process.cred.fsuid == i->uid || capable(CAP_FOWNER);
}

static void changed(struct inode *i)
{
    if (i->ops && i->ops->changed)
        i->ops->changed(i);
}

void inode_touch(struct inode *i, bool data)
{
    i->ctime = time_now();
    if (data)
        i->mtime = i->ctime;
    changed(i);
}

void inode_drop_setid(struct inode *i)
{
    uint32_t drop = i->mode & S_ISUID;
    if ((i->mode & (S_ISGID | 010)) == (S_ISGID | 010))
        drop |= S_ISGID;
    if (drop && S_ISREG(i->mode) && !capable(CAP_FSETID)) {
        i->mode &= ~drop;
        changed(i);
    }
}

int vfs_chmod(struct inode *i, uint32_t mode)
{
    if (i->sb->flags & SB_RDONLY)
        return -EROFS;
    if (!inode_owner_or_capable(i))
        return -EPERM;
    mode &= 07777;
    if (!in_group(i->gid) && !capable(CAP_FSETID))
        mode &= ~(uint32_t)S_ISGID;
    i->mode = (i->mode & S_IFMT) | mode;
    inode_touch(i, false);
    return 0;
}

int vfs_chown(struct inode *i, uint32_t uid, uint32_t gid)
{
    if (i->sb->flags & SB_RDONLY)
        return -EROFS;
    bool owner = process.cred.fsuid == i->uid;
    if (uid != UINT32_MAX && !(owner && uid == i->uid) && !capable(CAP_CHOWN))
        return -EPERM;
    if (gid != UINT32_MAX && !(owner && (in_group(gid) || gid == i->gid)) && !capable(CAP_CHOWN))
        return -EPERM;
    if (uid != UINT32_MAX)
        i->uid = uid;
    if (gid != UINT32_MAX)
        i->gid = gid;
    if (!S_ISDIR(i->mode) && (uid != UINT32_MAX || gid != UINT32_MAX)) {
        i->mode &= ~(uint32_t)S_ISUID; /* chown(2): even for root */
        if (i->mode & 010)
            i->mode &= ~(uint32_t)S_ISGID;
    }
    inode_touch(i, false);
    return 0;
}

int vfs_truncate(struct inode *i, uint64_t size)
{
    if (size > process.limits[RLIMIT_FSIZE].soft && size > i->size) {
        signal_send(current, &(struct siginfo){.signo = SIGXFSZ, .code = SI_KERNEL});
        return -EFBIG;
    }
    if (!i->ops || !i->ops->truncate)
        return -EINVAL;
    if ((i->seals & F_SEAL_GROW) && size > i->size)
        return -EPERM;
    if ((i->seals & F_SEAL_SHRINK) && size < i->size)
        return -EPERM;
    int err = i->ops->truncate(i, size);
    if (err == 0) {
        inode_drop_setid(i);
        inode_touch(i, true);
    }
    return err;
}

IF_LINKED(part_writable, vfs_truncate, unlinked_never);
IF_LINKED(part_devfs, vfs_truncate, unlinked_never);
IF_LINKED(part_tmpfs, vfs_truncate, unlinked_never);
