/* SPDX-License-Identifier: Apache-2.0 */
/* mprotect(2) */
#include "mm.h"

#include <u2k/process.h>
#include <u2k/vfs.h>

#define PROT_SEM 0x8u /* accepted and without meaning, as in Linux */
#define PROT_GROWSDOWN 0x01000000u
#define PROT_GROWSUP 0x02000000u

static int may_protect(const struct vma *v, uint64_t len, unsigned prot)
{
    bool charged = is_data(prot, v->flags) && !is_data(v->prot, v->flags);

    if (v->file) {
        if ((prot & PROT_WRITE) && !vma_is_private(v) && !file_writable(v->file))
            return -EACCES;
        if ((prot & PROT_EXEC) && v->file->inode->sb && (v->file->inode->sb->flags & SB_NOEXEC))
            return -EACCES;
    }
    if (!charged)
        return 0;
    if (mm.usage.data + len > process.limits[RLIMIT_DATA].soft)
        return -ENOMEM;
    return !(v->flags & MAP_NORESERVE) && len > plat_info->memory ? -ENOMEM : 0;
}

/* [lo, hi) lies in `v`. */
static int protect_area(struct vma *v, vaddr_t lo, vaddr_t hi, unsigned prot)
{
    if (v->prot == prot)
        return 0;
    int error = may_protect(v, hi - lo, prot);
    if (error)
        return error;
    if (vma_split(v, lo))
        return -ENOMEM;
    v = vma_find(lo);
    if (vma_split(v, hi))
        return -ENOMEM;
    unsigned copied = v->file && vma_is_private(v) && (prot & PROT_WRITE) ? VMA_COPIED : 0;
    vma_set(v, prot, v->flags | copied);
    error = plat_protect(lo, hi - lo, prot);
    (void)vma_merge(v);
    return error;
}

long mm_protect(vaddr_t at, size_t len, unsigned prot)
{
    unsigned grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);

    prot &= ~grows;
    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (at & PAGE_MASK))
        return -EINVAL;
    if (!len)
        return 0;
    len = ALIGN_UP(len, PAGE_SIZE);
    vaddr_t end = at + len;
    if (end <= at)
        return -ENOMEM;
    if (prot & ~(unsigned)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
        return -EINVAL;
    prot &= ~PROT_SEM;

    struct vma *v = vma_find(at);
    if (!v)
        return -ENOMEM;
    if (grows == PROT_GROWSDOWN) {
        if (v->start >= end)
            return -ENOMEM;
        if (!(v->flags & MAP_GROWSDOWN))
            return -EINVAL;
        at = v->start;
    } else if (v->start > at) {
        return -ENOMEM;
    } else if (grows) {
        return -EINVAL; /* no architecture of ours has stacks that grow up */
    }
    while (at < end) {
        v = vma_find(at);
        if (!v || v->start > at || v->flags & VMA_PLATFORM)
            return -ENOMEM; /* what came before the hole is done, as in Linux */
        vaddr_t to = MIN(end, v->end);
        int error = protect_area(v, at, to, prot);
        if (error)
            return error;
        at = to;
    }
    return 0;
}
