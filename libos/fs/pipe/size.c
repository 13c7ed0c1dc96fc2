/* SPDX-License-Identifier: Apache-2.0 */
/* F_GETPIPE_SZ and F_SETPIPE_SZ. */
#include "pipe.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>

#define SIZE_MAX_USER (1u << 20) /* fs.pipe-max-size */

long pipe_size(struct file *f)
{
    return f->ops == &fifo_file_ops ? (long)pipe_of(f)->size : -EBADF;
}

long pipe_resize(struct file *f, unsigned long size)
{
    if (f->ops != &fifo_file_ops)
        return -EBADF;
    struct pipe *p = pipe_of(f);
    if (size > 1ul << 31)
        return -EINVAL;
    size_t want = PAGE_SIZE;
    while (want < size)
        want *= 2;
    if (want > SIZE_MAX_USER && !capable(CAP_SYS_RESOURCE))
        return -EPERM;
    if (want < p->used || p->reading || p->writing)
        return -EBUSY;
    if (want == p->size)
        return (long)want;
    uint8_t **pages = heap_alloc(want / PAGE_SIZE * sizeof *pages);
    if (!pages)
        return -ENOMEM;
    struct pipe next = {.pages = pages, .size = want};
    for (size_t left = p->used; left > 0;) {
        size_t n = left, m;
        const uint8_t *from = pipe_piece(p, (p->head + (p->used - left)) % p->size, &n, false);
        m = n;
        uint8_t *to = pipe_piece(&next, next.used, &m, true);
        if (!to) {
            for (size_t i = 0; i < want / PAGE_SIZE; i++)
                if (pages[i])
                    pages_free(pages[i], 1);
            heap_free(pages, want / PAGE_SIZE * sizeof *pages);
            return -ENOMEM;
        }
        memcpy(to, from, m);
        next.used += m;
        left -= m;
    }
    for (size_t i = 0; i < p->size / PAGE_SIZE; i++)
        if (p->pages[i])
            pages_free(p->pages[i], 1);
    heap_free(p->pages, p->size / PAGE_SIZE * sizeof *pages);
    p->pages = pages;
    p->size = want;
    p->head = 0;
    waitq_wake_all(&p->write_wait);
    return (long)want;
}

IF_LINKED(part_pipe, pipe_size, pipe_none);
IF_LINKED(part_pipe, pipe_resize, pipe_none);
