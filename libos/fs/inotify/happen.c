/* SPDX-License-Identifier: Apache-2.0 */
/* What happens: in the place of the plain functions of fs/vfs. The order of events is Linux's. */
#include "inotify.h"

#include <u2k/optional.h>
#include <u2k/string.h>

/* Something that happened to an inode, or (with a name) in a directory. */
struct happening {
    uint32_t mask, cookie;
    const char *name;
    size_t len;
    bool unlinked; /* the name is gone already */
};

static void tell_inode(const struct inode *i, const struct happening *h)
{
    struct list *b = watched_bucket(i);
    LIST_FOR_EACH_SAFE(it, b)
    {
        struct watched *w = LIST_ENTRY(it, struct watched, by_inode);
        if (w->inode != i || !(w->mask & h->mask & IN_ALL_EVENTS) ||
            (h->unlinked && (w->mask & IN_EXCL_UNLINK)))
            continue;
        event_add(w->owner, w->number, h->mask, h->cookie, h->name, h->len);
        if (w->mask & IN_ONESHOT)
            watched_end(w);
    }
}

static uint32_t kind(const struct inode *i)
{
    return S_ISDIR(i->mode) ? IN_ISDIR : 0;
}

static void tell_name(const struct dentry *dir, const struct dentry *d, uint32_t mask)
{
    tell_inode(dir->inode, &(struct happening){.mask = mask, .name = d->name, .len = d->len});
}

/* To who watches the file, and before that to who watches the directory that it is in. */
void inotify_tell(struct dentry *d, uint32_t mask)
{
    if (!watched_count || !d || !d->inode)
        return;
    mask |= kind(d->inode);
    if (d->parent != d)
        tell_inode(d->parent->inode, &(struct happening){.mask = mask,
                                                         .name = d->name,
                                                         .len = d->len,
                                                         .unlinked = d->flags & DENTRY_DELETED});
    tell_inode(d->inode, &(struct happening){.mask = mask});
}

IF_LINKED(inotify_open, inotify_tell, unlinked_nothing);

/* Nobody can reach the inode any more: `refs` of it are ours. */
static void gone(struct inode *i, unsigned refs)
{
    if (i->nlink > 0)
        return;
    struct list *b = watched_bucket(i);
    LIST_FOR_EACH(it, b)
    {
        if (LIST_ENTRY(it, struct watched, by_inode)->inode != i)
            continue;
        if (i->refs > refs)
            return;
        tell_inode(i, &(struct happening){.mask = IN_DELETE_SELF});
        break;
    }
    LIST_FOR_EACH_SAFE(it, b)
    {
        struct watched *w = LIST_ENTRY(it, struct watched, by_inode);
        if (w->inode == i)
            watched_end(w);
    }
}

/* ---- open files ---- */

ssize_t file_read(struct file *f, struct iter *it, int64_t *pos)
{
    ssize_t n = file_read_plain(f, it, pos);
    if (n > 0)
        inotify_tell(f->dentry, IN_ACCESS);
    return n;
}

ssize_t file_write(struct file *f, struct iter *it, int64_t *pos)
{
    ssize_t n = file_write_plain(f, it, pos);
    if (n > 0)
        inotify_tell(f->dentry, IN_MODIFY);
    return n;
}

int file_open(struct dentry *d, uint32_t flags, struct file **out)
{
    int err = file_open_plain(d, flags, out);
    if (err == 0 && (*out)->ops)
        inotify_tell(d, IN_OPEN);
    return err;
}

int open_truncate(struct dentry *d)
{
    int err = open_truncate_plain(d);
    if (err == 0)
        inotify_tell(d, IN_MODIFY);
    return err;
}

void file_end(struct file *f)
{
    struct dentry *d = watched_count && f->dentry && f->ops ? dentry_ref(f->dentry) : NULL;
    if (d)
        inotify_tell(d, file_writable(f) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    file_end_plain(f);
    if (d) {
        struct inode *i = inode_ref(d->inode);
        dentry_unref(d);
        gone(i, 2); /* ours, and that of the watch's dentry */
        inode_unref(i);
    }
}

IF_LINKED(inotify_open, file_read, file_read_plain);
IF_LINKED(inotify_open, file_write, file_write_plain);
IF_LINKED(inotify_open, file_open, file_open_plain);
IF_LINKED(inotify_open, file_end, file_end_plain);
IF_LINKED(inotify_open, open_truncate, open_truncate_plain);

/* ---- names ---- */

int dentry_make(struct dentry *dir, struct dentry *d, uint32_t mode, uint64_t rdev,
                const char *target)
{
    int err = dentry_make_plain(dir, d, mode, rdev, target);
    if (err == 0 && watched_count)
        tell_name(dir, d, IN_CREATE | kind(d->inode));
    return err;
}

int dentry_link(struct dentry *dir, struct dentry *d, struct inode *target)
{
    int err = dentry_link_plain(dir, d, target);
    if (err == 0 && watched_count) {
        tell_inode(target, &(struct happening){.mask = IN_ATTRIB});
        tell_name(dir, d, IN_CREATE);
    }
    return err;
}

int dentry_unlink(struct dentry *dir, struct dentry *d)
{
    if (!watched_count)
        return dentry_unlink_plain(dir, d);
    struct inode *i = inode_ref(d->inode);
    int err = dentry_unlink_plain(dir, d);
    if (err == 0) {
        if (!S_ISDIR(i->mode))
            tell_inode(i, &(struct happening){.mask = IN_ATTRIB});
        gone(i, 2); /* ours, and that of the name */
        tell_name(dir, d, IN_DELETE | kind(i));
    }
    inode_unref(i);
    return err;
}

struct name {
    char text[NAME_MAX + 1];
    size_t len;
};

static void keep_name(const struct dentry *d, struct name *out)
{
    memcpy(out->text, d->name, d->len);
    out->len = d->len;
}

static void moved(const struct dentry *from_dir, const struct name *from,
                  const struct dentry *to_dir, const struct name *to, const struct inode *what)
{
    static uint32_t cookie;
    struct happening h = {.mask = IN_MOVED_FROM | kind(what),
                          .cookie = ++cookie,
                          .name = from->text,
                          .len = from->len};
    tell_inode(from_dir->inode, &h);
    h.mask = IN_MOVED_TO | kind(what);
    h.name = to->text;
    h.len = to->len;
    tell_inode(to_dir->inode, &h);
}

int dentry_rename(struct dentry *from, struct dentry *to, bool exchange)
{
    if (!watched_count)
        return dentry_rename_plain(from, to, exchange);
    struct dentry *from_dir = from->parent, *to_dir = to->parent;
    struct inode *what = from->inode, *other = to->inode;
    struct name old, new;
    keep_name(from, &old);
    keep_name(to, &new);
    if (other)
        inode_ref(other);
    int err = dentry_rename_plain(from, to, exchange);
    if (err == 0) {
        moved(from_dir, &old, to_dir, &new, what);
        if (other && !exchange)
            tell_inode(other, &(struct happening){.mask = IN_ATTRIB | kind(other)});
        tell_inode(what, &(struct happening){.mask = IN_MOVE_SELF});
        if (exchange) {
            moved(to_dir, &new, from_dir, &old, other);
            tell_inode(other, &(struct happening){.mask = IN_MOVE_SELF});
        } else if (other) {
            gone(other, 2);
        }
    }
    inode_unref(other);
    return err;
}

IF_LINKED(inotify_open, dentry_make, dentry_make_plain);
IF_LINKED(inotify_open, dentry_link, dentry_link_plain);
IF_LINKED(inotify_open, dentry_unlink, dentry_unlink_plain);
IF_LINKED(inotify_open, dentry_rename, dentry_rename_plain);
