/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories. Names that memory made are pinned dentries; names of the lower layer that were taken
 * away are pinned negative ones ("whiteouts"); all else is asked of the layer.
 */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/tmpfs.h>

#define MEMORY_POSITIONS (1ll << 48) /* readdir positions: the layer's below, pinned names above */

static bool in_layer(const struct inode *dir, const char *name, size_t len)
{
    const struct memnode *n = MEMNODE(dir);
    uint64_t node;
    return n->lower.node && MEMFS(dir->sb)->lower->find(dir->sb, &n->lower, name, len, &node) == 0;
}

static int mem_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
    const struct memnode *n = MEMNODE(dir);
    uint64_t node;
    if (!n->lower.node)
        return -ENOENT;
    int err = MEMFS(dir->sb)->lower->find(dir->sb, &n->lower, name, len, &node);
    return err < 0 ? err : memfs_node(dir->sb, node, out);
}

static void add_name(struct inode *dir, struct dentry *d)
{
    dentry_pin(d, ++MEMNODE(dir)->next_cookie);
    inode_touch(dir, true);
}

static void inherit(const struct inode *dir, struct inode *i)
{
    if (!(dir->mode & S_ISGID))
        return;
    i->gid = dir->gid;
    if (S_ISDIR(i->mode))
        i->mode |= S_ISGID;
    else if ((i->mode & (S_ISGID | 010)) == (S_ISGID | 010) && !in_group(i->gid) &&
             !capable(CAP_FSETID))
        i->mode &= ~(uint32_t)S_ISGID;
}

int mem_create(struct inode *dir, struct dentry *d, uint32_t mode, uint64_t rdev,
               const char *target)
{
    struct inode *i = memfs_inode(dir->sb, mode);
    if (!i)
        return -ENOSPC;
    inherit(dir, i);
    i->rdev = rdev;
    if (target) {
        struct memnode *n = MEMNODE(i);
        n->target_len = i->size = strlen(target);
        n->target = heap_alloc(n->target_len + 1);
        if (!n->target) {
            i->nlink = 0;
            inode_unref(i);
            return -ENOSPC;
        }
        memcpy(n->target, target, n->target_len);
    }
    if (S_ISDIR(mode)) {
        i->nlink = 2;
        dir->nlink++;
    }
    d->inode = i;
    add_name(dir, d);
    return 0;
}

int mem_tmpfile(struct inode *dir, uint32_t mode, struct inode **out)
{
    struct inode *i = memfs_inode(dir->sb, mode);
    if (!i)
        return -ENOSPC;
    inherit(dir, i);
    i->nlink = 0;
    MEMNODE(i)->linkable = true;
    *out = i;
    return 0;
}

int mem_link(struct inode *dir, struct dentry *d, struct inode *target)
{
    if (target->nlink == 0 && !MEMNODE(target)->linkable)
        return -ENOENT;
    if (target->nlink >= 65000)
        return -EMLINK;
    target->nlink++;
    inode_touch(target, false);
    d->inode = inode_ref(target);
    add_name(dir, d);
    return 0;
}

/* A pinned negative dentry that is not yet found, to hide a name of the layer; NULL if none is
 * needed. */
static int prepare_whiteout(struct dentry *dir, const char *name, size_t len, struct dentry **out)
{
    *out = NULL;
    if (!in_layer(dir->inode, name, len))
        return 0;
    *out = dentry_new(dir, dir->sb, name, len);
    return *out ? 0 : -ENOSPC;
}

static void place_whiteout(struct dentry *w)
{
    if (!w)
        return;
    dentry_hash(w);
    dentry_pin(w, 0);
    dentry_unref(w);
}

struct emptiness {
    struct dentry *dir;
    bool found;
};

static bool dot(const char *name, size_t len)
{
    return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

static bool hidden(struct dentry *dir, const char *name, size_t len)
{
    const struct dentry *d = dentry_cached(dir, name, len);
    return dot(name, len) || (d && (d->flags & DENTRY_PINNED));
}

static bool one_entry(void *arg, const char *name, size_t len, uint64_t node, unsigned type,
                      uint64_t next)
{
    (void)node, (void)type, (void)next;
    struct emptiness *e = arg;
    e->found = !hidden(e->dir, name, len);
    return !e->found;
}

static bool empty(struct dentry *dir)
{
    LIST_FOR_EACH(it, &dir->children)
    {
        const struct dentry *d = LIST_ENTRY(it, struct dentry, sibling);
        if ((d->flags & DENTRY_PINNED) && d->inode)
            return false;
    }
    const struct memnode *n = MEMNODE(dir->inode);
    struct emptiness e = {.dir = dir};
    uint64_t pos = 0;
    if (n->lower.node && MEMFS(dir->sb)->lower->list(dir->sb, &n->lower, &pos, one_entry, &e) < 0)
        return false;
    return !e.found;
}

/* The name goes; with a directory also what was known about names in it. */
static void drop_name(struct dentry *d)
{
    struct inode *i = d->inode, *dir = d->parent->inode;
    if (i && S_ISDIR(i->mode)) {
        LIST_FOR_EACH_SAFE(it, &d->children)
        {
            struct dentry *child = dentry_ref(LIST_ENTRY(it, struct dentry, sibling));
            dentry_delete(child);
            dentry_unref(child);
        }
        i->nlink = 0;
        dir->nlink -= dir->nlink > 2;
    } else if (i) {
        i->nlink -= i->nlink > 0;
    }
    if (i)
        inode_touch(i, false);
    dentry_delete(d);
}

int mem_unlink(struct inode *dir, struct dentry *d)
{
    struct dentry *whiteout;
    if (S_ISDIR(d->inode->mode) && !empty(d))
        return -ENOTEMPTY;
    int err = prepare_whiteout(d->parent, d->name, d->len, &whiteout);
    if (err < 0)
        return err;
    drop_name(d);
    place_whiteout(whiteout);
    inode_touch(dir, true);
    return 0;
}

static void move(struct dentry *d, struct dentry *dir, const char *name, size_t len, char *spare)
{
    struct inode *from = d->parent->inode, *to = dir->inode;
    if (S_ISDIR(d->inode->mode) && from != to) {
        from->nlink -= from->nlink > 2;
        to->nlink++;
    }
    dentry_move(d, dir, name, len, spare);
    add_name(to, d);
    inode_touch(from, true);
    inode_touch(d->inode, false);
}

static char *spare_name(size_t len)
{
    return len < sizeof((struct dentry *)0)->local ? NULL : heap_alloc(len + 1);
}

int mem_rename(struct dentry *from, struct dentry *to, bool exchange)
{
    struct dentry *from_dir = from->parent, *to_dir = to->parent, *whiteout = NULL;
    char from_name[NAME_MAX + 1], to_name[NAME_MAX + 1];
    size_t from_len = from->len, to_len = to->len;
    memcpy(from_name, from->name, from_len);
    memcpy(to_name, to->name, to_len);
    if (!exchange && to->inode && S_ISDIR(to->inode->mode) && !empty(to))
        return -ENOTEMPTY;
    int err = exchange ? 0 : prepare_whiteout(from_dir, from_name, from_len, &whiteout);
    if (err < 0)
        return err;
    char *spare = spare_name(to_len), *other = exchange ? spare_name(from_len) : NULL;
    if ((!spare && to_len >= sizeof to->local) ||
        (exchange && !other && from_len >= sizeof to->local)) {
        if (spare)
            heap_free(spare, to_len + 1);
        dentry_unref(whiteout);
        return -ENOSPC;
    }
    dentry_ref(from_dir);
    if (exchange) {
        dentry_ref(to_dir);
        move(to, from_dir, from_name, from_len, other);
        move(from, to_dir, to_name, to_len, spare);
        dentry_unref(to_dir);
    } else {
        drop_name(to);
        move(from, to_dir, to_name, to_len, spare);
        place_whiteout(whiteout);
    }
    dentry_unref(from_dir);
    return 0;
}

static ssize_t mem_readlink(struct inode *i, char *out, size_t size)
{
    const struct memnode *n = MEMNODE(i);
    const uint8_t *at = (const uint8_t *)n->target;
    uint64_t len = n->target_len;
    if (!at) {
        if (!n->lower.node || i->size == 0 || i->size >= PATH_MAX)
            return -EIO;
        int err = MEMFS(i->sb)->lower->data(i->sb, &n->lower, 0, &at, &len);
        if (err < 0 || !at || len < i->size)
            return -EIO;
        len = i->size;
    }
    size_t n_out = MIN((size_t)len, size);
    memcpy(out, at, n_out);
    return memchr(out, 0, n_out) ? -EIO : (ssize_t)n_out;
}

struct listing {
    struct file *f;
    struct dir_sink *sink;
    bool full;
};

static bool list_entry(void *arg, const char *name, size_t len, uint64_t node, unsigned type,
                       uint64_t next)
{
    struct listing *l = arg;
    if (!hidden(l->f->dentry, name, len))
        l->full = !l->sink->emit(l->sink, name, len, node, type, (int64_t)next + 2);
    return !l->full;
}

static bool list_dots(struct file *f, struct dir_sink *sink)
{
    const struct dentry *d = f->dentry, *up = d->parent == d && d->sb->covered ? d->sb->covered : d;
    if (f->pos == 0) {
        if (!sink->emit(sink, ".", 1, f->inode->ino, S_IFDIR >> 12, 1))
            return false;
        f->pos = 1;
    }
    if (f->pos == 1) {
        if (!sink->emit(sink, "..", 2, up->parent->inode->ino, S_IFDIR >> 12, 2))
            return false;
        f->pos = 2;
    }
    return true;
}

int memnode_readdir(struct file *f, struct dir_sink *sink)
{
    const struct memnode *n = MEMNODE(f->inode);
    if (f->inode->nlink == 0)
        return -ENOENT;
    if (!list_dots(f, sink))
        return 0;
    if (f->pos < MEMORY_POSITIONS) {
        struct listing l = {f, sink, false};
        uint64_t pos = (uint64_t)f->pos - 2;
        int err = 0;
        if (n->lower.node)
            err = MEMFS(f->inode->sb)->lower->list(f->inode->sb, &n->lower, &pos, list_entry, &l);
        f->pos = err < 0 || l.full ? (int64_t)pos + 2 : MEMORY_POSITIONS;
        if (err < 0 || l.full)
            return err;
    }
    LIST_FOR_EACH(it, &f->dentry->children)
    {
        const struct dentry *d = LIST_ENTRY(it, struct dentry, sibling);
        int64_t next = MEMORY_POSITIONS + (int64_t)d->cookie;
        if (!(d->flags & DENTRY_PINNED) || !d->inode || next <= f->pos)
            continue;
        if (!sink->emit(sink, d->name, d->len, d->inode->ino, d->inode->mode >> 12, next))
            break;
        f->pos = next;
    }
    return 0;
}

static int64_t dir_seek(struct file *f, int64_t offset, int whence)
{
    return whence == 3 || whence == 4 ? -EINVAL : seek_in(f, offset, whence, INT64_MAX);
}

IF_LINKED(part_writable, mem_create, unlinked_never);
IF_LINKED(part_devfs, mem_create, unlinked_never);
IF_LINKED(part_tmpfs, mem_create, unlinked_never);
IF_LINKED(part_writable, mem_tmpfile, unlinked_never);
IF_LINKED(part_devfs, mem_tmpfile, unlinked_never);
IF_LINKED(part_tmpfs, mem_tmpfile, unlinked_never);
IF_LINKED(vfs_link, mem_link, unlinked_never);
IF_LINKED(vfs_unlink, mem_unlink, unlinked_never);
IF_LINKED(vfs_rename, mem_rename, unlinked_never);
IF_LINKED(sys_getdents, memnode_readdir, unlinked_never);
IF_LINKED(sys_getdents64, memnode_readdir, unlinked_never);

const struct file_ops memfs_dir_ops = {.readdir = memnode_readdir, .seek = dir_seek};

const struct inode_ops memfs_inode_ops = {
    .lookup = mem_lookup,
    .create = mem_create,
    .tmpfile = mem_tmpfile,
    .link = mem_link,
    .unlink = mem_unlink,
    .rename = mem_rename,
    .readlink = mem_readlink,
    .changed = memnode_changed,
    .truncate = memnode_truncate,
    .allocate = memnode_allocate,
    .getxattr = memnode_getxattr,
    .listxattr = memnode_listxattr,
    .setxattr = memnode_setxattr,
};
