/* SPDX-License-Identifier: Apache-2.0 */
/* Path look-up (path_resolution(7), openat2(2)). Nothing here waits. */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/string.h>

#define LINKS_MAX 40
#define WALK_PAGES 3 /* a target, and behind it what is still to be walked */

static void step_to(struct walk *w, struct dentry *d)
{
    dentry_unref(w->cur);
    w->cur = d;
}

static int to_top(struct walk *w)
{
    if (w->flags & WALK_BENEATH)
        return -EXDEV;
    if ((w->flags & WALK_NO_XDEV) && w->cur->sb != w->top->sb)
        return -EXDEV;
    step_to(w, dentry_ref(w->top));
    return 0;
}

int walk_begin(struct walk *w, struct dentry *start, const char *path, unsigned flags)
{
    *w = (struct walk){.rest = path, .flags = flags};
    if (!start)
        start = process.cwd;
    w->top = (flags & (WALK_BENEATH | WALK_IN_ROOT)) ? start : process.root;
    dentry_ref(w->top);
    w->cur = dentry_ref(start);
    if (*path == 0 && !(flags & WALK_EMPTY)) {
        walk_end(w);
        return -ENOENT;
    }
    if (*path == '/') {
        int err = to_top(w);
        if (err < 0) {
            walk_end(w);
            return err;
        }
    }
    return 0;
}

void walk_end(struct walk *w)
{
    dentry_unref(w->cur);
    dentry_unref(w->top);
    if (w->buffer)
        pages_free(w->buffer, WALK_PAGES);
    *w = (struct walk){0};
}

static int step_up(struct walk *w)
{
    struct dentry *d = w->cur;
    if (d == w->top)
        return (w->flags & WALK_BENEATH) ? -EXDEV : 0;
    while (d->parent == d && d->sb->covered)
        d = d->sb->covered;
    if (d->sb != w->cur->sb && (w->flags & WALK_NO_XDEV))
        return -EXDEV;
    step_to(w, dentry_ref(d->parent));
    return 0;
}

static int step_into_mount(struct walk *w, struct dentry **d)
{
    struct superblock *before = (*d)->sb;
    *d = mount_cross(*d, w->rest);
    if (!*d)
        return -ENOMEM;
    return (w->flags & WALK_NO_XDEV) && (*d)->sb != before ? -EXDEV : 0;
}

/* The child by name with mounts crossed; an error if it is not there. */
static int step_child(struct walk *w, struct dentry **out)
{
    struct dentry *d;
    int err = dentry_lookup(w->cur, w->name, w->len, &d);
    if (err < 0)
        return err;
    if (!d->inode) {
        dentry_unref(d);
        left_out(w);
        return -ENOENT;
    }
    if (d->mount && (err = step_into_mount(w, &d)) < 0) {
        dentry_unref(d);
        return err;
    }
    *out = d;
    return 0;
}

static int magic_link(struct walk *w, struct dentry *link)
{
    if (w->flags & (WALK_NO_MAGICLINKS | WALK_NO_SYMLINKS))
        return -ELOOP;
    if (w->flags & (WALK_BENEATH | WALK_IN_ROOT | WALK_NO_XDEV))
        return -EXDEV;
    struct dentry *to;
    int err = link->inode->ops->follow(link->inode, &to);
    if (err == 0)
        step_to(w, to);
    return err;
}

int walk_link(struct walk *w, struct dentry *link)
{
    const struct inode_ops *ops = link->inode->ops;
    if (++w->links > LINKS_MAX || (w->flags & WALK_NO_SYMLINKS))
        return -ELOOP;
    if (ops->follow)
        return magic_link(w, link);
    const size_t room = WALK_PAGES * PAGE_SIZE;
    if (!w->buffer) {
        w->buffer = pages_alloc(WALK_PAGES, PAGES_ANY);
        if (!w->buffer)
            return -ENOMEM;
        size_t left = strnlen(w->rest, PATH_MAX) + 1;
        w->rest = memcpy(w->buffer + room - left, w->rest, left);
    }
    ssize_t n = ops->readlink(link->inode, w->buffer, PATH_MAX);
    if (n < 0)
        return (int)n;
    if (n == 0)
        return -ENOENT;
    size_t at = (size_t)(w->rest - w->buffer);
    if ((size_t)n >= PATH_MAX || at < PATH_MAX + (size_t)n + 1)
        return -ENAMETOOLONG;
    if (*w->rest && *w->rest != '/')
        w->buffer[--at] = '/'; /* between the target and what follows it */
    at -= (size_t)n;
    w->rest = memmove(w->buffer + at, w->buffer, (size_t)n);
    return *w->rest == '/' ? to_top(w) : 0;
}

/* One component: `cur` moves, unless it is the last one and a name. */
static int step(struct walk *w)
{
    const char *p = w->rest;
    size_t len = 0;
    while (p[len] && p[len] != '/')
        len++;
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    w->name = p;
    w->len = len;
    p += len;
    w->slash = *p == '/';
    while (*p == '/')
        p++;
    w->rest = p;
    if (!S_ISDIR(w->cur->inode->mode))
        return -ENOTDIR;
    int err = inode_permission(w->cur->inode, MAY_EXEC);
    if (err < 0)
        return err;
    w->last = LAST_NAME;
    if (len == 1 && w->name[0] == '.') {
        w->last = LAST_DOT;
        return 0;
    }
    if (len == 2 && w->name[0] == '.' && w->name[1] == '.') {
        w->last = LAST_DOTDOT;
        return step_up(w);
    }
    if (*p == 0)
        return 0;
    struct dentry *d;
    if ((err = step_child(w, &d)) < 0)
        return err;
    if (!S_ISLNK(d->inode->mode)) {
        step_to(w, d);
        return S_ISDIR(d->inode->mode) ? 0 : -ENOTDIR;
    }
    /* The slashes belong to what follows the link. */
    w->rest = w->name + w->len;
    err = walk_link(w, d);
    dentry_unref(d);
    return err;
}

int walk_parent(struct walk *w)
{
    w->last = LAST_ROOT;
    w->len = 0;
    for (;;) {
        while (*w->rest == '/')
            w->rest++;
        if (*w->rest == 0)
            return 0;
        int err = step(w);
        if (err < 0)
            return err;
        if (w->last == LAST_NAME && *w->rest == 0)
            return 0;
    }
}

static int find(struct walk *w)
{
    for (;;) {
        int err = walk_parent(w);
        if (err < 0)
            return err;
        if (w->last != LAST_NAME)
            break;
        struct dentry *d;
        if ((err = step_child(w, &d)) < 0)
            return err;
        if (!S_ISLNK(d->inode->mode) ||
            !(w->slash || (w->flags & (WALK_FOLLOW | WALK_DIRECTORY)))) {
            step_to(w, d);
            break;
        }
        w->rest = w->name + w->len;
        err = walk_link(w, d);
        dentry_unref(d);
        if (err < 0)
            return err;
    }
    bool directory = w->slash || (w->flags & WALK_DIRECTORY);
    return directory && !S_ISDIR(w->cur->inode->mode) ? -ENOTDIR : 0;
}

int path_find(struct dentry *start, const char *path, unsigned flags, struct dentry **out)
{
    struct walk w;
    int err = walk_begin(&w, start, path, flags);
    if (err < 0)
        return err;
    err = find(&w);
    if (err == 0)
        *out = dentry_ref(w.cur);
    walk_end(&w);
    return err;
}
