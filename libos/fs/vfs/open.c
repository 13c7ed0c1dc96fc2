/* SPDX-License-Identifier: Apache-2.0 */
/* open(2): look-up, creation, permissions, and what kind of file it becomes. */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/string.h>

#define KEPT \
    (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC_ONLY | O_ASYNC | O_DIRECT | \
     O_LARGEFILE | O_NOATIME | O_PATH | O_DIRECTORY | O_NOFOLLOW)

static unsigned wanted(uint32_t flags)
{
    static const unsigned by_mode[] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
                                       MAY_READ | MAY_WRITE};
    return by_mode[flags & O_ACCMODE] | ((flags & O_TRUNC) ? MAY_WRITE : 0u);
}

static int may_open(const struct inode *i, uint32_t flags)
{
    uint32_t type = i->mode & S_IFMT;
    unsigned may = wanted(flags);
    if (type == S_IFLNK)
        return -ELOOP;
    if (type == S_IFDIR && ((may & MAY_WRITE) || (flags & O_CREAT)))
        return -EISDIR;
    if ((type == S_IFCHR || type == S_IFBLK) && (i->sb->flags & SB_NODEV))
        return -EACCES;
    int err = inode_permission(i, may);
    if (err < 0)
        return err;
    if ((flags & O_NOATIME) && !inode_owner_or_capable(i))
        return -EPERM;
    if (type == S_IFREG && (may & MAY_WRITE) && i->deny_write)
        return -ETXTBSY;
    return 0;
}

/* Devices are of the part devfs; without it there are none. */
const struct file_ops *device_missing(uint64_t rdev)
{
    (void)rdev;
    part_missing("devfs", "a device was opened");
    return NULL;
}

static const struct file_ops *ops_of(const struct inode *i)
{
    if ((i->mode & S_IFMT) == S_IFCHR)
        return device_ops(i->rdev);
    return i->file_ops;
}

int file_open_plain(struct dentry *d, uint32_t flags, struct file **out)
{
    struct inode *i = d->inode;
    const struct file_ops *ops = (flags & O_PATH) ? NULL : ops_of(i);
    if (!(flags & O_PATH) && !ops)
        return -ENXIO;
    struct file *f = file_new(ops, d, flags & (uint32_t)KEPT);
    if (!f)
        return -ENOMEM;
    int err = ops && ops->open ? ops->open(f) : 0;
    if (err < 0) {
        f->ops = NULL; /* nothing was opened, so nothing is to be released */
        file_unref(f);
        return err;
    }
    *out = f;
    return 0;
}

static uint32_t new_file(uint32_t mode)
{
    return S_IFREG | (mode & 07777 & ~process.umask);
}

OPTIONAL int open_create(const struct walk *w, struct dentry *d, uint32_t mode)
{
    struct inode *dir = w->cur->inode;
    if (w->slash)
        return -EISDIR;
    if (dir->nlink == 0)
        return -ENOENT;
    if (dir->sb->flags & SB_RDONLY)
        return -EROFS;
    int err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
    if (err < 0)
        return err;
    return dir->ops->create ? dentry_make(w->cur, d, new_file(mode), 0, NULL) : -EACCES;
}

/* Where no file is made. */
int open_create_none(const struct walk *w)
{
    return w->slash ? -EISDIR : read_only(w->cur->sb);
}

/* The file at the end of the walk, made if asked for: *out may be a symbolic link. */
static int open_last(struct walk *w, uint32_t flags, uint32_t mode, struct dentry **out, bool *made)
{
    int err = walk_parent(w);
    if (err < 0)
        return err;
    if (w->last != LAST_NAME) {
        *out = dentry_ref(w->cur);
        return 0;
    }
    struct dentry *d;
    if ((err = dentry_lookup(w->cur, w->name, w->len, &d)) < 0)
        return err;
    if (!d->inode && (flags & O_CREAT) && !(flags & O_PATH)) {
        err = open_create(w, d, mode);
        *made = err == 0;
    } else if (!d->inode) {
        left_out(w);
        err = -ENOENT;
    } else if ((flags & O_CREAT) && (flags & O_EXCL)) {
        err = -EEXIST;
    } else if (d->mount) {
        d = mount_cross(d, w->rest);
        err = d ? 0 : -ENOMEM;
        if (d && (w->flags & WALK_NO_XDEV))
            err = -EXDEV;
    }
    if (err < 0) {
        dentry_unref(d);
        return err;
    }
    *out = d;
    return 0;
}

OPTIONAL int open_tmpfile(struct dentry *dir, uint32_t flags, uint32_t mode, struct file **out)
{
    struct inode *di = dir->inode, *i;
    int err = inode_permission(di, MAY_WRITE | MAY_EXEC);
    if (err < 0)
        return err;
    if (!di->ops->tmpfile)
        return -EOPNOTSUPP;
    if ((flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    if ((err = di->ops->tmpfile(di, new_file(mode), &i)) < 0)
        return err;
    char name[24];
    size_t n = format_text(name, sizeof name, "#%llu", (unsigned long long)i->ino);
    struct dentry *d = dentry_new(dir, dir->sb, name, MIN(n, sizeof name - 1));
    if (!d) {
        inode_unref(i);
        return -ENOMEM;
    }
    d->inode = i;
    d->flags |= DENTRY_DELETED;
    err = file_open(d, flags & ~(uint32_t)O_DIRECTORY, out);
    dentry_unref(d);
    return err;
}

int open_tmpfile_none(const struct dentry *dir)
{
    return read_only(dir->sb);
}

IF_LINKED(part_writable, open_create, open_create_none);
IF_LINKED(part_devfs, open_create, open_create_none);
IF_LINKED(part_tmpfs, open_create, open_create_none);
IF_LINKED(part_writable, open_tmpfile, open_tmpfile_none);
IF_LINKED(part_devfs, open_tmpfile, open_tmpfile_none);
IF_LINKED(part_tmpfs, open_tmpfile, open_tmpfile_none);

int open_truncate_plain(struct dentry *d)
{
    return vfs_truncate(d->inode, 0);
}

static int open_found(struct dentry *d, uint32_t flags, bool made, struct file **out)
{
    struct inode *i = d->inode;
    if ((flags & O_DIRECTORY) && !S_ISDIR(i->mode))
        return -ENOTDIR;
    if (flags & O_PATH)
        return file_open(d, flags, out);
    int err = made ? 0 : may_open(i, flags);
    if (err < 0)
        return err;
    if ((err = file_open(d, flags, out)) < 0)
        return err;
    if ((flags & O_TRUNC) && !made && S_ISREG(i->mode) && i->ops->truncate &&
        (err = open_truncate(d)) < 0)
        file_unref(*out);
    return err;
}

int vfs_open(struct dentry *start, const char *path, uint32_t flags, uint32_t mode, unsigned walk,
             struct file **out)
{
    struct walk w;
    struct dentry *d = NULL;
    int err = walk_begin(&w, start, path, walk);
    if (err < 0)
        return err;
    bool tmpfile = (flags & O_TMPFILE_ONLY) && !(flags & O_PATH), made = false;
    bool follow = !(flags & O_NOFOLLOW) && !((flags & O_CREAT) && (flags & O_EXCL));
    for (;;) {
        dentry_unref(d);
        d = NULL;
        if ((err = open_last(&w, tmpfile ? 0 : flags, mode, &d, &made)) < 0)
            break;
        if (!S_ISLNK(d->inode->mode) || !(follow || (w.last == LAST_NAME && w.slash)))
            break;
        w.rest = w.name + w.len;
        if ((err = walk_link(&w, d)) < 0)
            break;
    }
    if (err == 0 && w.slash && !S_ISDIR(d->inode->mode))
        err = -ENOTDIR;
    if (err == 0)
        err = tmpfile ? (S_ISDIR(d->inode->mode) ? open_tmpfile(d, flags, mode, out) : -ENOTDIR)
                      : open_found(d, flags, made, out);
    dentry_unref(d);
    walk_end(&w);
    return err;
}

int vfs_open_exec(const char *path, struct file **out)
{
    return vfs_open_exec_at(NULL, path, WALK_FOLLOW, out);
}

int vfs_open_exec_at(struct dentry *start, const char *path, unsigned walk, struct file **out)
{
    struct dentry *d;
    int err = path_find(start, path, walk, &d);
    if (err < 0)
        return err;
    struct inode *i = d->inode;
    if (S_ISLNK(i->mode))
        err = -ELOOP; /* AT_SYMLINK_NOFOLLOW */
    else if (!S_ISREG(i->mode) || (i->sb->flags & SB_NOEXEC))
        err = -EACCES;
    else if ((err = inode_permission(i, MAY_EXEC)) == 0 && i->open_writers)
        err = -ETXTBSY;
    if (err == 0)
        err = file_open(d, O_RDONLY, out);
    if (err == 0)
        i->deny_write++;
    dentry_unref(d);
    return err;
}

void file_exec_done(struct file *f)
{
    if (f->inode && f->inode->deny_write)
        f->inode->deny_write--;
}
