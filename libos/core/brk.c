/* SPDX-License-Identifier: Apache-2.0 */
/* brk(2): the break moves bytewise, its pages are one anonymous area. */
#include "mm.h"

#include <u2k/process.h>

void mm_set_brk(vaddr_t start)
{
    mm.brk_start = mm.brk = start;
    mm_layout.brk_start = start;
}

static bool grow(vaddr_t from, vaddr_t to)
{
    const struct vma *next = vma_find(from);

    if (!mm_inside(from, to - from) || (next && next->start < to + PAGE_SIZE))
        return false;
    if (mm_may_grow(to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE, false, 0))
        return false;
    unsigned flags = mm.lock_future ? MAP_LOCKED : 0;
    if (flags && mm_may_lock(to - from))
        return false;
    if (mm.count >= VMA_COUNT_MAX)
        return false;
    struct vma *v = vma_new(from, to, PROT_READ | PROT_WRITE, flags);
    if (!v)
        return false;
    v->label = "[heap]";
    vma_insert(v);
    if (backing_map(v, from, to)) {
        vma_remove(v);
        return false;
    }
    (void)vma_merge(v);
    if (flags)
        mm_populate(from, to);
    return true;
}

vaddr_t mm_brk(vaddr_t to)
{
    uint64_t data = mm_layout.data_end - mm_layout.data_start;

    if (to < mm.brk_start || to > plat_info->user_hi - PAGE_SIZE)
        return mm.brk;
    if (to - mm.brk_start + data > process.limits[RLIMIT_DATA].soft)
        return mm.brk;
    vaddr_t old_end = ALIGN_UP(mm.brk, PAGE_SIZE), new_end = ALIGN_UP(to, PAGE_SIZE);
    if (new_end < old_end && mm_clear(new_end, old_end, true))
        return mm.brk;
    if (new_end > old_end && !grow(old_end, new_end))
        return mm.brk;
    return mm.brk = to;
}
