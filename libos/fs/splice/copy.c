/* SPDX-License-Identifier: Apache-2.0 */
/* From file to file. */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/splice.h>

/* Copy between files through memory of our own: the source may change while the target makes us
 * wait. `*from`, `*to` move; a short write leaves *from behind what was written. */
ssize_t file_copy(struct file *in, int64_t *from, struct file *out, int64_t *to, size_t len)
{
    size_t room = 16 * PAGE_SIZE, done = 0;
    uint8_t *buffer = pages_alloc(room / PAGE_SIZE, PAGES_ANY);
    if (!buffer) {
        room = PAGE_SIZE;
        buffer = pages_alloc(1, PAGES_ANY);
    }
    if (!buffer)
        return -ENOMEM;
    ssize_t err = 0;
    while (done < len) {
        struct iovec_k vec = {(vaddr_t)buffer, MIN(room, len - done)};
        struct iter it = {.vec = &vec, .count = 1, .left = vec.len, .kernel = true};
        int64_t start = *from;
        ssize_t n = file_read(in, &it, from);
        if (n <= 0) {
            err = n;
            break;
        }
        vec.len = (size_t)n;
        it = (struct iter){.vec = &vec, .count = 1, .left = (size_t)n, .kernel = true};
        ssize_t m = file_write(out, &it, to);
        *from = start + (m > 0 ? m : 0);
        done += (size_t)(m > 0 ? m : 0);
        if (m < n) {
            err = m < 0 ? m : 0;
            break;
        }
    }
    pages_free(buffer, room / PAGE_SIZE);
    return done ? (ssize_t)done : err;
}

/* Files whose pages stay (u2k/vfs.h, send_pages), up to their end. */
static ssize_t send_pages(struct file *in, int64_t *from, struct file *out, size_t len)
{
    struct inode *i = in->inode;
    if (!out->ops->send_pages || !i || !S_ISREG(i->mode) || !i->file_ops->page)
        return -EINVAL;
    if ((uint64_t)*from >= i->size)
        return 0;
    size_t n = MIN(len, i->size - (uint64_t)*from);
    ssize_t done = n ? out->ops->send_pages(out, i, (uint64_t)*from, n, false) : 0;
    if (done > 0)
        *from += done;
    return done;
}

ssize_t file_send(struct file *in, int64_t *from, struct file *out, size_t len)
{
    ssize_t n = send_pages(in, from, out, len);
    return n == -EINVAL ? file_copy(in, from, out, &out->pos, len) : n;
}
