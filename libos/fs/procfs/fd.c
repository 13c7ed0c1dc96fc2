/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/fd and /proc/self/fdinfo. */
#include "proc.h"

#include <u2k/fd.h>
#include <u2k/string.h>

bool proc_fd_find(const struct proc_at *at, int number, struct proc_at *out)
{
    if (!fd_peek(number))
        return false;
    bool info = strcmp(at->entry->name, "fdinfo") == 0;
    *out = (struct proc_at){info ? &proc_fd_info : &proc_fd_link, at->tid, number};
    return true;
}

int proc_fd_next(const struct proc_at *at, int from)
{
    (void)at;
    return fd_next(from);
}

static ssize_t link_text(const struct proc_at *at, char *out, size_t size)
{
    struct file *f = fd_peek(at->fd);
    return f ? file_path(f, out, size) : -ENOENT;
}

static int follow(const struct proc_at *at, struct dentry **out)
{
    const struct file *f = fd_peek(at->fd);
    if (!f || !f->dentry)
        return -ENOENT;
    *out = dentry_ref(f->dentry);
    return 0;
}

static void info(struct text *t, const struct proc_at *at)
{
    const struct file *f = fd_peek(at->fd);
    int mount = 0;
    if (!f)
        return;
    if (f->inode)
        mount_of(f->inode->sb, &mount);
    uint32_t flags = f->flags | (fd_cloexec(at->fd) ? O_CLOEXEC : 0), shift = 30;
    text_add(t, "pos:\t%lld\nflags:\t0", (long long)f->pos);
    while (shift > 0 && !(flags >> shift & 7))
        shift -= 3;
    for (; flags; shift -= 3) {
        text_add(t, "%u", flags >> shift & 7);
        if (shift == 0)
            break;
    }
    text_add(t, "\nmnt_id:\t%d\nino:\t%llu\n", mount,
             f->inode ? (unsigned long long)f->inode->ino : 0ull);
}

const struct proc_entry proc_fd_link = {
    .mode = S_IFLNK | 0700, .kind = PROC_LINK, .link = link_text, .follow = follow};
const struct proc_entry proc_fd_info = {.mode = S_IFREG | 0400, .kind = PROC_SHOWN, .show = info};
