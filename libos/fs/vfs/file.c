/* SPDX-License-Identifier: Apache-2.0 */
/* Open files: their life, and what is the same for all kinds. */
#include <u2k/epoll.h>
#include <u2k/errno.h>
#include <u2k/fcntl.h>
#include <u2k/lock.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/poll.h>
#include <u2k/process.h>
#include <u2k/string.h>

struct file *file_new(const struct file_ops *ops, struct dentry *d, uint32_t flags)
{
    struct file *f = NEW(struct file);
    if (!f)
        return NULL;
    f->ops = ops;
    f->refs = 1;
    f->flags = flags;
    if (d) {
        f->dentry = dentry_ref(d);
        f->inode = inode_ref(d->inode);
        if (file_writable(f))
            f->inode->open_writers++;
    }
    return f;
}

struct file *file_ref(struct file *f)
{
    f->refs++;
    return f;
}

void file_end_plain(struct file *f)
{
    struct inode *i = f->inode;
    if (f->watches)
        epoll_file_gone(f);
    if (i && !list_empty(&i->locks))
        lock_release_file(f);
    if (f->ops && f->ops->release)
        f->ops->release(f);
    if (i && file_writable(f))
        i->open_writers--;
    inode_unref(i);
    dentry_unref(f->dentry);
    DELETE(f);
}

void file_unref(struct file *f)
{
    if (f && --f->refs == 0)
        file_end(f);
}

static void anonymous_evict(struct inode *i)
{
    DELETE(i);
}

static const struct super_ops anonymous_super_ops = {.evict = anonymous_evict};
static const struct inode_ops anonymous_inode_ops = {0};
static struct superblock anonymous_super = {.dev = 0xf, .ops = &anonymous_super_ops};

struct file *file_anonymous(const struct file_ops *ops, uint32_t mode, const char *kind, void *priv,
                            uint32_t flags)
{
    struct inode *i = inode_new(&anonymous_super, sizeof *i, mode);
    if (!i)
        return NULL;
    i->ops = &anonymous_inode_ops;
    i->file_ops = ops;
    i->uid = process.cred.fsuid;
    i->gid = process.cred.fsgid;
    i->priv = priv;
    char name[32];
    if (!strchr(kind, ':') && kind[0] != '/') {
        format_text(name, sizeof name, "%s:[%llu]", kind, (unsigned long long)i->ino);
        kind = name;
    }
    struct dentry *d = dentry_anonymous(i, kind);
    if (!d)
        return NULL;
    struct file *f = file_new(ops, d, flags);
    dentry_unref(d);
    if (f)
        f->priv = priv;
    return f;
}

/* As Linux answers to /proc/self/fd/N of an eventfd and its like. */
int anonymous_no_open(struct file *f)
{
    (void)f;
    return -ENXIO;
}

int file_page(struct inode *i, uint64_t index, enum page_use use, void **page, size_t *run)
{
    if (!i->file_ops || !i->file_ops->page)
        return -ENODEV;
    return i->file_ops->page(i, index, use, page, run);
}

ssize_t file_read_plain(struct file *f, struct iter *it, int64_t *pos)
{
    if (!file_readable(f))
        return -EBADF;
    if (!f->ops->read)
        return f->inode && S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
    return f->ops->read(f, it, pos);
}

ssize_t file_write_plain(struct file *f, struct iter *it, int64_t *pos)
{
    if (!file_writable(f))
        return -EBADF;
    if (!f->ops->write)
        return -EINVAL;
    return f->ops->write(f, it, pos);
}

ssize_t file_read_at(struct file *f, void *buf, size_t len, uint64_t offset)
{
    if (offset > INT64_MAX || !f->ops || !f->ops->read)
        return -EINVAL;
    struct iovec_k vec = {(vaddr_t)buf, len};
    struct iter it = {.vec = &vec, .count = 1, .left = len, .kernel = true};
    int64_t pos = (int64_t)offset;
    return f->ops->read(f, &it, &pos);
}

int64_t seek_in(struct file *f, int64_t offset, int whence, int64_t end)
{
    int64_t base = whence == SEEK_CUR ? f->pos : whence == SEEK_END ? end : 0, to;
    if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        if (offset < 0 || offset >= end)
            return -ENXIO;
        to = whence == SEEK_DATA ? offset : end;
    } else if (whence < SEEK_SET || whence > SEEK_END) {
        return -EINVAL;
    } else if (__builtin_add_overflow(base, offset, &to)) {
        return -EOVERFLOW;
    }
    if (to < 0)
        return -EINVAL;
    f->pos = to;
    return to;
}

int64_t seek_nowhere(struct file *f, int64_t offset, int whence)
{
    (void)offset, (void)whence;
    return f->pos = 0;
}

unsigned file_poll(struct file *f, struct poll_set *set)
{
    if (!f->ops)
        return POLLNVAL;
    if (!f->ops->poll)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    return f->ops->poll(f, set);
}
