/* SPDX-License-Identifier: Apache-2.0 */
/* What lies behind an area's pages, and keeping mappings true when a file's pages move. */
#include "mm.h"

#include <u2k/uaccess.h>
#include <u2k/vfs.h>

/* Runs of file pages that are told to the platform at once; what is beyond is found by faults. A
 * file of the root image is one run; a large tmpfs file may be one run a page. */
#define RUNS_AT_ONCE 16

static uint64_t file_pages(const struct vma *v)
{
    return (v->file->inode->size + PAGE_MASK) >> PAGE_SHIFT;
}

/* A page that the program may change in place, now or after mprotect(2), must be the file's own. */
static bool wants_own_pages(const struct vma *v)
{
    return !vma_is_private(v) && file_writable(v->file);
}

int backing_at(const struct vma *v, vaddr_t at, struct backing *out)
{
    uint64_t left = (v->end - at) >> PAGE_SHIFT;

    *out = (struct backing){.lo = at, .hi = v->end, .how = MAP_ZERO};
    if (!v->file)
        return 0;
    uint64_t index = v->page_index + ((at - v->start) >> PAGE_SHIFT), pages = file_pages(v);
    out->how = MAP_RESERVE;
    if (index >= pages)
        return 0;

    void *page = NULL;
    size_t run = 1;
    enum page_use use = wants_own_pages(v) ? PAGE_FOR_WRITE : PAGE_FOR_READ;
    int error = file_page(v->file->inode, index, use, &page, &run);
    if (error)
        return error;
    left = MIN(MIN(left, pages - index), run);
    out->hi = at + (left << PAGE_SHIFT);
    out->data = page;
    out->how = !page ? MAP_ZERO : vma_is_private(v) ? MAP_COPY : MAP_DIRECT;
    return 0;
}

int backing_map(const struct vma *v, vaddr_t lo, vaddr_t hi)
{
    struct backing b;
    int error = 0;

    /* Pages for writing would be made for all of a sparse file: only when touched. */
    unsigned runs = v->file && wants_own_pages(v) ? 0 : RUNS_AT_ONCE;
    for (; lo < hi && runs && !error; lo = b.hi, runs--) {
        if (backing_at(v, lo, &b))
            break; /* let the fault tell */
        b.hi = MIN(b.hi, hi);
        error = plat_map(lo, b.hi - lo, v->prot, b.how, b.data);
    }
    if (lo < hi && !error)
        error = plat_map(lo, hi - lo, v->prot, MAP_RESERVE, NULL);
    return error;
}

/* Give a private mapping pages of its own, so that it needs the file's no more: what the program
 * wrote there must stay, and only the platform knows which pages those are. */
static void take_copies(struct vma *v, vaddr_t lo, vaddr_t hi)
{
    unsigned prot = v->prot;

    if (!(prot & PROT_WRITE)) {
        vma_set(v, PROT_READ | PROT_WRITE, v->flags);
        (void)plat_protect(lo, hi - lo, v->prot);
    }
    while (lo < hi) {
        lo += ALIGN_UP(user_probe(lo, hi - lo, PROT_WRITE), PAGE_SIZE);
        lo += lo < hi ? PAGE_SIZE : 0; /* one that could not: past the end of the file */
    }
    if (v->prot != prot) {
        vma_set(v, prot, v->flags);
        (void)plat_protect(v->start, v->end - v->start, prot);
    }
}

void mm_file_changed(struct inode *i, uint64_t first, uint64_t count, bool removed)
{
    LIST_FOR_EACH(link, &i->mappings)
    {
        struct vma *v = LIST_ENTRY(link, struct vma, file_link);
        uint64_t pages = (v->end - v->start) >> PAGE_SHIFT;
        uint64_t from = MAX(first, v->page_index);
        uint64_t end = first + count < first ? UINT64_MAX : first + count;
        uint64_t to = MIN(end, v->page_index + pages);
        if (from >= to)
            continue;
        vaddr_t lo = v->start + ((from - v->page_index) << PAGE_SHIFT);
        vaddr_t hi = v->start + ((to - v->page_index) << PAGE_SHIFT);
        if (!removed && (v->flags & VMA_COPIED))
            take_copies(v, lo, hi);
        else
            (void)plat_map(lo, hi - lo, v->prot, MAP_RESERVE, NULL);
    }
}
