/* SPDX-License-Identifier: Apache-2.0 */
/* mlock(2) and its family. Nothing is ever swapped out: locking counts, and brings the pages. */
#include "mm.h"

#include <u2k/process.h>

enum { MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4 };

static int lock_area(struct vma *v, vaddr_t lo, vaddr_t hi, bool lock)
{
    if (!!(v->flags & MAP_LOCKED) == lock)
        return 0;
    if (vma_split(v, lo))
        return -ENOMEM;
    v = vma_find(lo);
    if (vma_split(v, hi))
        return -ENOMEM;
    vma_set(v, v->prot, v->flags ^ MAP_LOCKED);
    (void)vma_merge(v);
    return 0;
}

static int lock_areas(vaddr_t at, vaddr_t end, bool lock, bool holes)
{
    while (at < end) {
        struct vma *v = vma_find(at);
        if (!v || (!holes && v->start > at))
            return holes ? 0 : -ENOMEM;
        vaddr_t to = MIN(end, v->end);
        int error = lock_area(v, MAX(at, v->start), to, lock);
        if (error)
            return error;
        at = to;
    }
    return 0;
}

static uint64_t locked_within(vaddr_t lo, vaddr_t hi)
{
    uint64_t bytes = 0;

    for (const struct vma *v = vma_find(lo); v && v->start < hi; v = vma_find(v->end))
        if (v->flags & MAP_LOCKED)
            bytes += MIN(hi, v->end) - MAX(lo, v->start);
    return bytes;
}

long mm_lock(vaddr_t at, size_t len, bool lock, bool populate)
{
    size_t whole = ALIGN_UP(len + (at & PAGE_MASK), PAGE_SIZE);
    uint64_t limit = process.limits[RLIMIT_MEMLOCK].soft;

    at = ALIGN_DOWN(at, PAGE_SIZE);
    if (lock && !capable(CAP_IPC_LOCK)) {
        if (!limit)
            return -EPERM;
        if (mm.usage.locked + whole - locked_within(at, at + whole) > limit)
            return -ENOMEM;
    }
    if (at + whole < at)
        return -EINVAL;
    int error = lock_areas(at, at + whole, lock, false);
    if (!error && populate)
        mm_populate(at, at + whole);
    return error;
}

long mm_lock_all(unsigned flags)
{
    uint64_t limit = process.limits[RLIMIT_MEMLOCK].soft;

    if (!(flags & (MCL_CURRENT | MCL_FUTURE)) || flags >= 2 * MCL_ONFAULT)
        return -EINVAL;
    if (!capable(CAP_IPC_LOCK)) {
        if (!limit)
            return -EPERM;
        if ((flags & MCL_CURRENT) && mm.usage.total > limit)
            return -ENOMEM;
    }
    mm.lock_future = flags & MCL_FUTURE;
    int error = flags & MCL_CURRENT ? lock_areas(0, UINTPTR_MAX, true, true) : 0;
    if (!error && (flags & MCL_CURRENT) && !(flags & MCL_ONFAULT))
        mm_populate(0, UINTPTR_MAX);
    return error;
}

long mm_unlock_all(void)
{
    mm.lock_future = false;
    return lock_areas(0, UINTPTR_MAX, false, true);
}
