/* SPDX-License-Identifier: Apache-2.0 */
/* madvise(2). Without transparent huge pages and page merging, as a Linux configured so. */
#include "mm.h"

#include <u2k/fcntl.h>
#include <u2k/optional.h>
#include <u2k/uaccess.h>
#include <u2k/vfs.h>

enum {
    MADV_NORMAL,
    MADV_RANDOM,
    MADV_SEQUENTIAL,
    MADV_WILLNEED,
    MADV_DONTNEED,
    MADV_FREE = 8,
    MADV_REMOVE,
    MADV_DONTFORK,
    MADV_DOFORK,
    MADV_DONTDUMP = 16,
    MADV_DODUMP,
    MADV_WIPEONFORK,
    MADV_KEEPONFORK,
    MADV_COLD,
    MADV_PAGEOUT,
    MADV_POPULATE_READ,
    MADV_POPULATE_WRITE,
    MADV_DONTNEED_LOCKED
};

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

/* What is behind the pages goes: a hole in the file. */
OPTIONAL int advise_hole(struct vma *v, vaddr_t lo, vaddr_t hi)
{
    struct inode *i = v->file->inode;
    uint64_t offset = (v->page_index << PAGE_SHIFT) + (lo - v->start);

    return i->ops && i->ops->allocate
               ? i->ops->allocate(i, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, offset, hi - lo)
               : -EOPNOTSUPP;
}

IF_LINKED(part_writable, advise_hole, unlinked_never);
IF_LINKED(part_devfs, advise_hole, unlinked_never);
IF_LINKED(part_tmpfs, advise_hole, unlinked_never);

static int remove_pages(struct vma *v, vaddr_t lo, vaddr_t hi)
{
    if (v->flags & MAP_LOCKED || (!v->file && vma_is_private(v)))
        return -EINVAL;
    if (!v->file)
        return plat_discard(lo, hi - lo);
    return vma_is_private(v) || !file_writable(v->file) ? -EACCES : advise_hole(v, lo, hi);
}

static int advise_area(struct vma *v, vaddr_t lo, vaddr_t hi, int advice)
{
    bool anonymous = !v->file && vma_is_private(v);
    unsigned access;

    switch (advice) {
    case MADV_DONTNEED: return v->flags & MAP_LOCKED ? -EINVAL : discard(v, lo, hi);
    case MADV_DONTNEED_LOCKED: return discard(v, lo, hi);
    case MADV_FREE: /* the pages may go at any time: at once is allowed */
        return anonymous && !(v->flags & MAP_LOCKED) ? plat_discard(lo, hi - lo) : -EINVAL;
    case MADV_REMOVE: return remove_pages(v, lo, hi);
    case MADV_COLD:
    case MADV_PAGEOUT: return v->flags & MAP_LOCKED ? -EINVAL : 0;
    case MADV_WIPEONFORK: return anonymous ? 0 : -EINVAL;
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        access = advice == MADV_POPULATE_WRITE ? PROT_WRITE : PROT_READ;
        if (!(v->prot & access))
            return -EINVAL;
        return user_probe(lo, hi - lo, access) == hi - lo ? 0 : -EFAULT;
    default: /* about forking, dumping and reading ahead: nothing of it happens here */ return 0;
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
            bool stops = advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
            if (!v || v->start >= end || stops)
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
