/* SPDX-License-Identifier: Apache-2.0 */
/* Inodes and files of a tree of entries. Nothing is kept: each look-up makes an inode. */
#include "proc.h"

#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/string.h>

struct proc_inode {
    struct inode i;
    struct proc_at at;
};

static const struct proc_at *at_of(const struct inode *i)
{
    return &((const struct proc_inode *)(const void *)i)->at;
}

static void evict(struct inode *i)
{
    DELETE((struct proc_inode *)(void *)i);
}

static int statfs(struct superblock *sb, struct statfs_k *out)
{
    out->type = (int64_t)(uintptr_t)sb->priv;
    return 0;
}

static const struct super_ops super_ops = {.evict = evict, .statfs = statfs};
static const struct inode_ops dir_inode_ops, file_inode_ops, link_inode_ops, magic_inode_ops;
static const struct file_ops dir_ops, text_ops;

static uint64_t number_of(const struct proc_at *at)
{
    return ((uintptr_t)at->entry >> 3 & 0xffffff) | (uint64_t)(unsigned)at->tid << 24 |
           (uint64_t)(unsigned)(at->fd + 1) << 44;
}

static int make_inode(struct superblock *sb, const struct proc_at *at, struct inode **out)
{
    uint32_t type = at->entry->mode & S_IFMT;
    struct inode *i = inode_new(sb, sizeof(struct proc_inode), at->entry->mode);
    if (!i)
        return -ENOMEM;
    ((struct proc_inode *)(void *)i)->at = *at;
    i->ino = number_of(at);
    if (at->tid) { /* what belongs to a process is its owner's */
        i->uid = process.cred.euid;
        i->gid = process.cred.egid;
    }
    if (type == S_IFDIR) {
        i->nlink = 2;
        i->ops = &dir_inode_ops;
        i->file_ops = &dir_ops;
    } else if (type == S_IFLNK) {
        i->ops =
            at->entry->kind == PROC_LINK && at->entry->follow ? &magic_inode_ops : &link_inode_ops;
    } else {
        i->ops = &file_inode_ops;
        i->file_ops = &text_ops;
    }
    *out = i;
    return 0;
}

/* A decimal number without leading zeros or a sign, -1 if it is none. */
static int number_in(const char *name, size_t len)
{
    int n = 0;
    if (len == 0 || len > 9 || (name[0] == '0' && len > 1))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        n = n * 10 + (name[i] - '0');
    }
    return n;
}

/* The first of a list that goes on elsewhere, NULL at its end. */
static const struct proc_entry *first_of(const struct proc_entry *list)
{
    while (list && list->kind == PROC_MORE)
        list = list->children;
    return list && list->name ? list : NULL;
}

/* Entry number `n` of a folder, NULL if it has fewer. */
static const struct proc_entry *child_of(const struct proc_entry *list, int64_t n)
{
    while ((list = first_of(list)) && (list->kind == PROC_ABSENT || n-- > 0))
        list++;
    return list;
}

/* The folder would have the name if another part was there. */
static void tell_absent(const struct proc_entry *list, const char *name, size_t len)
{
    for (; (list = first_of(list)); list++) {
        const char *each = list->kind == PROC_ABSENT ? list->constant : "";
        for (; *each; each += strlen(each) + 1)
            if (strlen(each) == len && memcmp(each, name, len) == 0)
                part_missing(list->name, each);
    }
}

static int dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
    const struct proc_at *at = at_of(dir);
    struct proc_at found = {.tid = at->tid, .fd = at->fd};
    const struct proc_entry *list = at->entry->kind == PROC_FIXED ? at->entry->children : NULL, *e;
    for (int64_t n = 0; (e = child_of(list, n)); n++) {
        if (strlen(e->name) == len && memcmp(e->name, name, len) == 0) {
            found.entry = e;
            if (e->kind == PROC_FIXED && e->children == proc_process)
                found.tid = PID;
            return make_inode(dir->sb, &found, out);
        }
    }
    if (at->entry->kind == PROC_NAMES)
        return at->entry->find_name(at, name, len, &found) ? make_inode(dir->sb, &found, out)
                                                           : -ENOENT;
    tell_absent(list, name, len);
    int n = at->entry->kind == PROC_NUMBERS ? number_in(name, len) : -1;
    return n >= 0 && at->entry->find(at, n, &found) ? make_inode(dir->sb, &found, out) : -ENOENT;
}

static bool emit(struct file *f, struct dir_sink *sink, const char *name, const struct proc_at *at)
{
    if (!sink->emit(sink, name, strlen(name), number_of(at), at->entry->mode >> 12, f->pos + 1))
        return false;
    f->pos++;
    return true;
}

/* Positions: the dots, the entries in their order, then NUMBERS + a number. */
#define NUMBERS (1 << 16)

/* The child that comes first from a number on, and its name, in `number` if it is one. -1: none. */
static int next_of(const struct proc_at *at, int from, char number[12], const char **name,
                   struct proc_at *child)
{
    const struct proc_entry *e = at->entry;
    int n;

    if (e->kind == PROC_NAMES) {
        n = e->next_name(at, from, name);
        return n >= 0 && e->find_name(at, *name, strlen(*name), child) ? n : -1;
    }
    n = e->next(at, from);
    format_text(number, 12, "%d", n);
    return n >= 0 && e->find(at, n, child) ? n : -1;
}

static int dir_read(struct file *f, struct dir_sink *sink)
{
    const struct proc_at *at = at_of(f->inode);
    const struct proc_entry *children = at->entry->kind == PROC_FIXED ? at->entry->children : NULL;
    struct proc_at child = {.tid = at->tid, .fd = at->fd};
    int64_t count = 0;
    while (child_of(children, count))
        count++;
    while (f->pos < 2)
        if (!emit(f, sink, &".."[1 - f->pos], at))
            return 0;
    while (f->pos - 2 < count) {
        child.entry = child_of(children, f->pos - 2);
        if (!emit(f, sink, child.entry->name, &child))
            return 0;
    }
    if (at->entry->kind != PROC_NUMBERS && at->entry->kind != PROC_NAMES)
        return 0;
    f->pos = MAX(f->pos, NUMBERS);
    for (;;) {
        char number[12];
        const char *name = number;
        int n = next_of(at, (int)MIN(f->pos - NUMBERS, (int64_t)INT32_MAX), number, &name, &child);
        if (n < 0)
            return 0;
        int64_t before = f->pos;
        f->pos = NUMBERS + n;
        if (!emit(f, sink, name, &child)) {
            f->pos = before;
            return 0;
        }
    }
}

static int64_t dir_seek(struct file *f, int64_t offset, int whence)
{
    return seek_in(f, offset, whence, INT64_MAX);
}

static ssize_t text_read(struct file *f, struct iter *it, int64_t *pos)
{
    const struct proc_at *at = at_of(f->inode);
    struct text *t = f->priv;
    if (at->entry->kind == PROC_SAID)
        return read_buffer(at->entry->constant, strlen(at->entry->constant), it, pos);
    if (!t && !(t = NEW(struct text)))
        return -ENOMEM;
    f->priv = t;
    if (*pos == 0 || !t->at) { /* from the start: as it is now */
        text_free(t);
        at->entry->show(t, at);
        if (t->failed)
            return -ENOMEM;
    }
    return read_buffer(t->at, t->len, it, pos);
}

static ssize_t text_write(struct file *f, struct iter *it, int64_t *pos)
{
    const struct proc_at *at = at_of(f->inode);
    char bytes[128];
    size_t len = it->left;
    if (at->entry->kind != PROC_SHOWN || !at->entry->store)
        return -EACCES;
    if (len > sizeof bytes)
        return -EINVAL;
    if (iter_read(bytes, it, len) < len)
        return -EFAULT;
    int err = at->entry->store(at, bytes, len);
    *pos += err < 0 ? 0 : (int64_t)len;
    return err < 0 ? err : (ssize_t)len;
}

static int64_t text_seek(struct file *f, int64_t offset, int whence)
{
    return whence == SEEK_END ? -EINVAL : seek_in(f, offset, whence, 0);
}

static void text_release(struct file *f)
{
    struct text *t = f->priv;
    if (t) {
        text_free(t);
        DELETE(t);
    }
}

static ssize_t link_read(struct inode *i, char *out, size_t size)
{
    const struct proc_at *at = at_of(i);
    return at->entry->link(at, out, size);
}

static int link_follow(struct inode *i, struct dentry **out)
{
    const struct proc_at *at = at_of(i);
    return at->entry->follow(at, out);
}

static const struct inode_ops dir_inode_ops = {.lookup = dir_lookup}, file_inode_ops = {0},
                              link_inode_ops = {.readlink = link_read},
                              magic_inode_ops = {.readlink = link_read, .follow = link_follow};
static const struct file_ops dir_ops = {.readdir = dir_read, .seek = dir_seek};
static const struct file_ops text_ops = {
    .read = text_read, .write = text_write, .seek = text_seek, .release = text_release};

int proc_mount(const struct filesystem *type, const struct proc_entry *top, unsigned flags,
               int64_t magic, struct superblock **out)
{
    struct superblock *sb = super_new(type, &super_ops, flags | SB_UNCACHED);
    struct inode *root;
    if (!sb)
        return -ENOMEM;
    sb->priv = (void *)(uintptr_t)magic;
    int err = make_inode(sb, &(struct proc_at){.entry = top, .fd = -1}, &root);
    if (err == 0 && !(sb->root = dentry_root(sb, root)))
        err = -ENOMEM;
    *out = sb;
    return err;
}
