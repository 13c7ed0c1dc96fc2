/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: out of the program's memory, and of a dentry. */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/path.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/uaccess.h>

static char *kept; /* one buffer waits for the next call: no page is cleared or sought twice */

int path_from_user(vaddr_t at, char **out)
{
    char *path = kept ? kept : pages_alloc(1, PAGES_ANY);
    kept = NULL;
    if (!path)
        return -ENOMEM;
    ssize_t n = user_string(path, at, PATH_MAX);
    if (n < 0) {
        path_release(path);
        return (int)n;
    }
    *out = path;
    return 0;
}

void path_release(char *path)
{
    if (kept && path)
        pages_free(path, 1);
    else if (path)
        kept = path;
}

static bool prepend(char *out, size_t *at, const char *text, size_t len)
{
    if (len > *at)
        return false;
    *at -= len;
    memcpy(out + *at, text, len);
    return true;
}

ssize_t dentry_path(struct dentry *d, char *out, size_t size)
{
    static const char deleted[] = " (deleted)";
    size_t at = size;
    if (!prepend(out, &at, "", 1))
        return -ENAMETOOLONG;
    bool gone = d->flags & DENTRY_DELETED;
    if (gone && !prepend(out, &at, deleted, sizeof deleted - 1))
        return -ENAMETOOLONG;
    if (d->flags & DENTRY_ANONYMOUS) {
        if (!prepend(out, &at, d->name, d->len))
            return -ENAMETOOLONG;
    } else {
        size_t tail = at;
        while (d != process.root) {
            if (d->parent == d) {
                if (!d->sb->covered)
                    break;
                d = d->sb->covered;
                continue;
            }
            if (!prepend(out, &at, d->name, d->len) || !prepend(out, &at, "/", 1))
                return -ENAMETOOLONG;
            d = d->parent;
        }
        if (at == tail && !prepend(out, &at, "/", 1))
            return -ENAMETOOLONG;
    }
    memmove(out, out + at, size - at);
    return (ssize_t)(size - at - 1);
}

ssize_t file_path(struct file *f, char *out, size_t size)
{
    if (f->dentry)
        return dentry_path(f->dentry, out, size);
    return -ENOENT;
}
