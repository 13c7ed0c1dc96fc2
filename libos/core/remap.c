/* SPDX-License-Identifier: Apache-2.0 */
/* mremap(2) */
#include "mm.h"

#include <u2k/pages.h>
#include <u2k/vfs.h>

enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MREMAP_DONTUNMAP = 4 };

static struct vma *copy_of(const struct vma *v, vaddr_t from, vaddr_t at, size_t len)
{
    struct vma *copy = vma_new(at, at + len, v->prot, v->flags);

    if (copy) {
        copy->file = v->file ? file_ref(v->file) : NULL;
        copy->page_index = v->page_index + ((from - v->start) >> PAGE_SHIFT);
    }
    return copy;
}

/* The program keeps the old area, empty: every touch finds what a new mapping would have. As in
 * Linux the whole area is locked no more. */
static void leave_behind(struct vma *old, vaddr_t at, size_t len)
{
    vma_set(old, old->prot, old->flags & ~(unsigned)MAP_LOCKED);
    (void)backing_map(old, at, at + len);
}

/* [at, at + old_len) of `v` moves to `to`, of new_len bytes there; the place has been cleared. */
static long move(struct vma *v, vaddr_t at, size_t old_len, vaddr_t to, size_t new_len, bool keep)
{
    struct vma *copy = copy_of(v, at, to, new_len);

    if (!copy)
        return -ENOMEM;
    if (!keep && (vma_split(v, at) || vma_split(vma_find(at), at + old_len))) {
        if (copy->file)
            file_unref(copy->file);
        DELETE(copy);
        return -ENOMEM;
    }
    v = vma_find(at);
    vma_insert(copy);
    size_t moved = MIN(old_len, new_len);
    int error = plat_move(at, to, moved);
    if (!error && new_len > moved)
        error = backing_map(copy, to + moved, to + new_len);
    if (error) {
        (void)plat_unmap(to, new_len);
        vma_remove(copy);
        if (keep)
            return error;
        vma_remove(v); /* its pages are gone */
        (void)plat_unmap(at, old_len);
        return error;
    }
    if (keep)
        leave_behind(v, at, old_len);
    else
        vma_remove(v);
    copy = vma_merge(copy);
    if (copy->flags & MAP_LOCKED)
        mm_populate(to, to + new_len);
    return (long)to;
}

static bool can_grow_here(const struct vma *v, vaddr_t end, size_t more)
{
    const struct vma *next = vma_find(end);

    return v->end == end && mm_inside(end, more) && (!next || next->start - end >= more);
}

static long check_growth(const struct vma *v, vaddr_t at, size_t more)
{
    uint64_t index = v->page_index + ((at - v->start) >> PAGE_SHIFT);

    if (v->file && index + (more >> PAGE_SHIFT) < index)
        return -EINVAL;
    if (v->flags & MAP_LOCKED) {
        int error = mm_may_lock(more);
        if (error)
            return -EAGAIN;
    }
    return mm_may_grow(more, v->prot, v->flags, v->file != NULL, 0);
}

static long grow_here(struct vma *v, size_t more)
{
    vaddr_t end = v->end;

    vma_resize(v, v->start, end + more);
    int error = backing_map(v, end, end + more);
    if (error) {
        vma_resize(v, v->start, end);
        return error;
    }
    v = vma_merge(v);
    if (v->flags & MAP_LOCKED)
        mm_populate(end, end + more);
    return 0;
}

static long check_target(vaddr_t at, size_t old_len, size_t new_len, vaddr_t to)
{
    if ((to & PAGE_MASK) || new_len > plat_info->user_hi || to > plat_info->user_hi - new_len)
        return -EINVAL;
    if (at + old_len > to && to + new_len > at)
        return -EINVAL;
    if (!mm_inside(to, new_len))
        return -ENOMEM;
    return to < MMAP_MIN_ADDR ? -EPERM : 0;
}

static long remap_area(vaddr_t at, size_t old_len, size_t new_len, unsigned flags, vaddr_t to)
{
    bool fixed = flags & MREMAP_FIXED, keep = flags & MREMAP_DONTUNMAP;
    struct vma *v = vma_find(at);

    if (!v || v->start > at)
        return -EFAULT;
    /* A second view of shared pages (old_len 0, or the old one kept) needs a file to look at, which
     * shared anonymous memory does not have here. */
    if ((!old_len && vma_is_private(v)) || ((!old_len || keep) && !v->file && !vma_is_private(v)))
        return -EINVAL;
    if (old_len > v->end - at)
        return -EFAULT;
    size_t more = new_len > old_len ? new_len - old_len : keep ? new_len : 0;
    long error = more ? check_growth(v, at, more) : 0;
    if (error)
        return error;
    if (!old_len) {
        unsigned how = MAP_SHARED | (fixed ? MAP_FIXED : 0u);
        uint64_t index = v->page_index + ((at - v->start) >> PAGE_SHIFT);
        return mm_map(to, new_len, v->prot, how, v->file, index << PAGE_SHIFT);
    }
    if (!fixed && !keep) {
        if (!more)
            return (long)at;
        if (can_grow_here(v, at + old_len, more)) {
            error = grow_here(v, more);
            return error ? error : (long)at;
        }
        if (!(flags & MREMAP_MAYMOVE))
            return -ENOMEM;
    }
    if (!fixed)
        to = mm_place(new_len, 0);
    return to ? move(v, at, old_len, to, new_len, keep) : -ENOMEM;
}

long mm_remap(vaddr_t at, size_t old_len, size_t new_len, unsigned flags, vaddr_t new_at)
{
    unsigned all = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

    if ((flags & ~all) || ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) && (!(flags & MREMAP_MAYMOVE) || old_len != new_len))
        return -EINVAL;
    if (at & PAGE_MASK)
        return -EINVAL;
    old_len = ALIGN_UP(old_len, PAGE_SIZE);
    new_len = ALIGN_UP(new_len, PAGE_SIZE);
    if (!new_len || at + old_len < at)
        return -EINVAL;
    long error = flags & MREMAP_FIXED ? check_target(at, old_len, new_len, new_at) : 0;
    if (error)
        return error;

    const struct vma *v = vma_find(at);
    if (!v || v->start > at)
        return -EFAULT;
    /* Nothing is undone before it is sure that what moves is of one area. */
    if ((flags & MREMAP_FIXED) && MIN(old_len, new_len) > v->end - at)
        return -EFAULT;
    if (flags & MREMAP_FIXED)
        error = mm_clear(new_at, new_at + new_len, true);
    if (!error && old_len > new_len) {
        if (old_len > plat_info->user_hi - at)
            return -EINVAL;
        error = mm_clear(at + new_len, at + old_len, true);
        if (!error && !(flags & MREMAP_FIXED))
            return (long)at; /* whatever areas it went over */
        old_len = new_len;
    }
    if (error)
        return error;
    return remap_area(at, old_len, new_len, flags, new_at);
}
