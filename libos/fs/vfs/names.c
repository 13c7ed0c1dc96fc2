/* SPDX-License-Identifier: Apache-2.0 */
/* Making, removing and moving names, with the checks of mkdir(2), unlink(2), rename(2) and so on. */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/string.h>

static int may_change(const struct inode *dir)
{
    if (dir->sb->flags & SB_RDONLY)
        return -EROFS;
    return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* Sticky directories: only the owner of the file or of the directory takes names away. */
static int may_remove(const struct inode *dir, const struct dentry *d)
{
    int err = may_change(dir);
    if (err < 0)
        return err;
    if (d->mount)
        return -EBUSY;
    if ((dir->mode & S_ISVTX) && process.cred.fsuid != d->inode->uid &&
        process.cred.fsuid != dir->uid && !capable(CAP_FOWNER))
        return -EPERM;
    return 0;
}

int dentry_make_plain(struct dentry *dir, struct dentry *d, uint32_t mode, uint64_t rdev,
                      const char *target)
{
    const struct inode_ops *ops = dir->inode->ops;
    if (!ops->create)
        return -EPERM;
    if (dir->inode->nlink == 0)
        return -ENOENT;
    return ops->create(dir->inode, d, mode, rdev, target);
}

int vfs_make(struct dentry *dir, const char *name, uint32_t mode, uint64_t rdev, const char *target,
             struct dentry **out)
{
    struct dentry *d;
    int err = dentry_lookup(dir, name, strlen(name), &d);
    if (err < 0)
        return err;
    if (!d->inode && (err = dentry_make(dir, d, mode, rdev, target)) == 0)
        d->inode->uid = d->inode->gid = 0;
    if (err == 0 && out)
        *out = dentry_ref(d);
    dentry_unref(d);
    return err;
}

/* Where nothing is made: what is there already. */
int vfs_make_none(struct dentry *dir, const char *name, uint32_t mode, uint64_t rdev,
                  const char *target, struct dentry **out)
{
    (void)mode, (void)rdev, (void)target;
    int err = dentry_lookup(dir, name, strlen(name), out);
    if (err < 0 || (*out)->inode)
        return err;
    dentry_unref(*out);
    return -EROFS;
}

IF_LINKED(part_writable, vfs_make, vfs_make_none);
IF_LINKED(part_devfs, vfs_make, vfs_make_none);
IF_LINKED(part_tmpfs, vfs_make, vfs_make_none);

/* The parent, and the dentry of the last name, which is to become something. */
static int find_new(struct walk *w, struct dentry *start, const char *path, bool directory,
                    struct dentry **out)
{
    int err = walk_begin(w, start, path, 0);
    if (err < 0)
        return err;
    err = walk_parent(w);
    if (err == 0 && w->last != LAST_NAME)
        err = -EEXIST;
    if (err == 0)
        err = dentry_lookup(w->cur, w->name, w->len, out);
    if (err == 0) {
        if ((*out)->inode)
            err = -EEXIST;
        else if (w->slash && !directory)
            err = -ENOENT;
        else
            err = may_change(w->cur->inode);
        if (err < 0)
            dentry_unref(*out);
    }
    if (err < 0)
        walk_end(w);
    return err;
}

int vfs_create(struct dentry *start, const char *path, uint32_t mode, uint64_t rdev,
               const char *target)
{
    uint32_t type = mode & S_IFMT;
    struct walk w;
    struct dentry *d;
    int err = find_new(&w, start, path, type == S_IFDIR, &d);
    if (err < 0)
        return err;
    if ((type == S_IFCHR || type == S_IFBLK) && !capable(CAP_MKNOD))
        err = -EPERM;
    else
        err = dentry_make(w.cur, d, target ? mode : mode & ~process.umask, rdev, target);
    dentry_unref(d);
    walk_end(&w);
    return err;
}

int dentry_link_plain(struct dentry *dir, struct dentry *d, struct inode *target)
{
    return dir->inode->ops->link(dir->inode, d, target);
}

int vfs_link(struct dentry *target, struct dentry *start, const char *path)
{
    struct walk w;
    struct dentry *d;
    int err = find_new(&w, start, path, false, &d);
    if (err < 0)
        return err;
    if (w.cur->sb != target->sb)
        err = -EXDEV;
    else if (S_ISDIR(target->inode->mode) || !w.cur->inode->ops->link)
        err = -EPERM;
    else if (w.cur->inode->nlink == 0)
        err = -ENOENT;
    else
        err = dentry_link(w.cur, d, target->inode);
    dentry_unref(d);
    walk_end(&w);
    return err;
}

/* The dentry of an existing last name. `what`: the errors for "." and "..". */
static int find_old(struct walk *w, struct dentry *start, const char *path, int dot, int dotdot,
                    struct dentry **out)
{
    int err = walk_begin(w, start, path, 0);
    if (err < 0)
        return err;
    err = walk_parent(w);
    if (err == 0 && w->last != LAST_NAME)
        err = w->last == LAST_DOT ? dot : w->last == LAST_DOTDOT ? dotdot : -EBUSY;
    if (err == 0)
        err = dentry_lookup(w->cur, w->name, w->len, out);
    if (err < 0)
        walk_end(w);
    return err;
}

int dentry_unlink_plain(struct dentry *dir, struct dentry *d)
{
    return dir->inode->ops->unlink(dir->inode, d);
}

int vfs_unlink(struct dentry *start, const char *path, bool directory)
{
    struct walk w;
    struct dentry *d;
    int err = find_old(&w, start, path, directory ? -EINVAL : -EISDIR,
                       directory ? -ENOTEMPTY : -EISDIR, &d);
    if (err < 0)
        return !directory && err == -EBUSY ? -EISDIR : err;
    struct inode *dir = w.cur->inode;
    if (!d->inode)
        err = -ENOENT;
    else if ((err = may_remove(dir, d)) < 0)
        ;
    else if (directory != S_ISDIR(d->inode->mode))
        err = directory ? -ENOTDIR : -EISDIR;
    else if (!directory && w.slash)
        err = -ENOTDIR;
    else
        err = dir->ops->unlink ? dentry_unlink(w.cur, d) : -EPERM;
    dentry_unref(d);
    walk_end(&w);
    return err;
}

static int may_rename(struct walk *fw, struct dentry *from, struct walk *tw, struct dentry *to,
                      unsigned flags)
{
    if (!from->inode)
        return -ENOENT;
    bool exchange = flags & RENAME_EXCHANGE, directory = S_ISDIR(from->inode->mode);
    if (exchange && !to->inode)
        return -ENOENT;
    if ((flags & RENAME_NOREPLACE) && to->inode)
        return -EEXIST;
    if ((fw->slash || tw->slash) && !directory && !exchange)
        return -ENOTDIR;
    if (directory && dentry_below(tw->cur, from))
        return -EINVAL;
    if (to->inode && S_ISDIR(to->inode->mode) && dentry_below(fw->cur, to))
        return exchange ? -EINVAL : -ENOTEMPTY;
    int err = may_remove(fw->cur->inode, from);
    if (err == 0)
        err = to->inode ? may_remove(tw->cur->inode, to) : may_change(tw->cur->inode);
    if (err < 0)
        return err;
    if (tw->cur->inode->nlink == 0)
        return -ENOENT;
    if (!exchange && to->inode && directory != S_ISDIR(to->inode->mode))
        return directory ? -ENOTDIR : -EISDIR;
    /* A directory gets another "..": that is a write to it. */
    if (directory && fw->cur != tw->cur)
        err = inode_permission(from->inode, MAY_WRITE);
    return err;
}

int dentry_rename_plain(struct dentry *from, struct dentry *to, bool exchange)
{
    return from->parent->inode->ops->rename(from, to, exchange);
}

int vfs_rename(struct dentry *from_start, const char *from_path, struct dentry *to_start,
               const char *to_path, unsigned flags)
{
    struct walk fw, tw;
    struct dentry *from, *to;
    int err = find_old(&fw, from_start, from_path, -EBUSY, -EBUSY, &from);
    if (err < 0)
        return err;
    err = find_old(&tw, to_start, to_path, -EBUSY, -EBUSY, &to);
    if (err == 0) {
        if (fw.cur->sb != tw.cur->sb)
            err = -EXDEV;
        else
            err = may_rename(&fw, from, &tw, to, flags);
        if (err == 0 && !fw.cur->inode->ops->rename)
            err = -EPERM;
        if (err == 0 && from->inode != to->inode)
            err = dentry_rename(from, to, flags & RENAME_EXCHANGE);
        dentry_unref(to);
        walk_end(&tw);
    }
    dentry_unref(from);
    walk_end(&fw);
    return err;
}
