/* SPDX-License-Identifier: Apache-2.0 */
/* madvise(2). Without transparent huge pages and page merging, as a Linux configured so. */
#include "mm.h"

#include <u2k/vfs.h>

enum { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE = 8,
       MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP = 16, MADV_DODUMP, MADV_WIPEONFORK,
       MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
       MADV_DONTNEED_LOCKED };

static bool is_known(int advice)
{
    return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
           (advice >= MADV_FREE && advice <= MADV_DOFORK) ||
           (advice >= MADV_DONTDUMP && advice <= MADV_DONTNEED_LOCKED);
}

static int discard(struct vma *v, vaddr_t lo, vaddr_t hi)
{
    /* Shared anonymous memory is the only copy of its contents: Linux keeps it as a file's. */
    return !v->file && !vma_is_private(v) ? 0 : plat_discard(lo, hi - lo);
}

static int advise_area(struct vma *v, vaddr_t lo, vaddr_t hi, int advice)
{
    bool anonymous = !v->file && vma_is_private(v);

    switch (advice) {
    case MADV_DONTNEED:
        return v->flags & MAP_LOCKED ? -EINVAL : discard(v, lo, hi);
    case MADV_DONTNEED_LOCKED:
        return discard(v, lo, hi);
    case MADV_FREE: /* the pages may go at any time: at once is allowed */
        return anonymous ? plat_discard(lo, hi - lo) : -EINVAL;
    case MADV_REMOVE:
        if (v->flags & MAP_LOCKED)
            return -EINVAL;
        if (v->file || vma_is_private(v))
            return v->file && file_writable(v->file) && !vma_is_private(v) ? -EOPNOTSUPP : -EINVAL;
        return v->prot & PROT_WRITE ? plat_discard(lo, hi - lo) : -EACCES;
    case MADV_WIPEONFORK:
        return anonymous ? 0 : -EINVAL;
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        if (!(v->prot & (advice == MADV_POPULATE_WRITE ? PROT_WRITE : PROT_READ)))
            return -EFAULT;
        mm_populate(lo, hi);
        return 0;
    default: /* about forking, dumping and reading ahead: nothing of it happens here */
        return 0;
    }
}

long mm_advise(vaddr_t at, size_t len, int advice)
{
    int result = 0;

    if (!is_known(advice) || (at & PAGE_MASK))
        return -EINVAL;
    size_t whole = ALIGN_UP(len, PAGE_SIZE);
    if (whole < len || at + whole < at)
        return -EINVAL;
    for (vaddr_t end = at + whole; at < end;) {
        struct vma *v = vma_find(at);
        if (!v || v->start > at) {
            result = -ENOMEM; /* holes are passed over and told at the end */
            if (!v || v->start >= end)
                break;
            at = v->start;
        }
        vaddr_t to = MIN(end, v->end);
        int error = advise_area(v, at, to, advice);
        if (error)
            return error;
        at = to;
    }
    return result;
}
