/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of the calls on files. */
#include "file.h"

#include <u2k/pages.h>

int at_begin(struct at *at, int dirfd, vaddr_t path)
{
    *at = (struct at){0};
    int err = path_from_user(path, &at->path);
    if (err < 0 || at->path[0] == '/' || dirfd == AT_FDCWD)
        return err;
    at->dir = fd_get(dirfd);
    if (at->dir && at->dir->dentry)
        return 0;
    at_end(at);
    return -EBADF;
}

void at_end(struct at *at)
{
    path_release(at->path);
    file_unref(at->dir);
}

int at_find(int dirfd, vaddr_t path, unsigned walk, struct dentry **out)
{
    struct at at;
    int err = at_begin(&at, dirfd, path);
    if (err < 0)
        return err;
    err = path_find(at_start(&at), at.path, walk, out);
    at_end(&at);
    return err;
}

void buffers_one(struct buffers *b, vaddr_t at, size_t len)
{
    len = MIN(len, RW_MAX);
    b->few[0] = (struct iovec_k){at, len};
    b->vec = b->few;
    b->count = 1;
    /* One by one: a whole structure would be cleared with its padding, in pieces that overlap. */
    b->it.vec = b->vec;
    b->it.count = 1;
    b->it.offset = 0;
    b->it.left = len;
    b->it.kernel = false;
}

int buffers_many(struct buffers *b, vaddr_t vec, long count)
{
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    b->count = (size_t)count;
    b->vec = b->count > ARRAY_SIZE(b->few) ? heap_alloc(b->count * sizeof *b->vec) : b->few;
    if (!b->vec)
        return -ENOMEM;
    int err = user_read(b->vec, vec, b->count * sizeof *b->vec);
    size_t total = 0;
    for (size_t i = 0; err == 0 && i < b->count; i++) {
        if (b->vec[i].len > (size_t)INT64_MAX)
            err = -EINVAL;
        b->vec[i].len = MIN(b->vec[i].len, RW_MAX - total);
        total += b->vec[i].len;
    }
    if (err < 0) {
        buffers_end(b);
        return err;
    }
    b->it = (struct iter){.vec = b->vec, .count = b->count, .left = total};
    return 0;
}

void buffers_end(struct buffers *b)
{
    if (b->vec != b->few)
        heap_free(b->vec, b->count * sizeof *b->vec);
}
