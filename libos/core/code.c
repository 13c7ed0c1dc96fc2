/* SPDX-License-Identifier: Apache-2.0 */
/* What a platform asks that rewrites system calls in the program's code. */
#include "mm.h"

/* Of a jump's 2 GiB, less what rounding and the length of instructions take. */
#define REACH (0x7fffffffull - 2 * PAGE_SIZE)

bool core_code_at(vaddr_t at, struct code *out)
{
    const struct vma *v = vma_find(at);
    struct backing b;

    if (!v || v->start > at || !v->file || !vma_is_private(v))
        return false;
    if ((v->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) != (PROT_READ | PROT_EXEC))
        return false;
    if (backing_at(v, v->start, &b) || b.how != MAP_COPY || at >= b.hi)
        return false;
    *out = (struct code){.lo = b.lo, .hi = b.hi, .backing = b.data, .prot = v->prot};
    return true;
}

/* Below the code as a rule: above a program that has its place grows its heap. */
vaddr_t core_code_room(const struct code *c, size_t len)
{
    const struct plat_info *p = plat_info;
    vaddr_t lo = MAX(c->hi > REACH ? c->hi - REACH : 0, MAX(p->user_lo, MMAP_MIN_ADDR));
    vaddr_t hi = MIN(c->lo + REACH, p->user_hi);

    if (c->hi - c->lo > REACH / 2)
        return 0;
    vaddr_t at = vma_hole(ALIGN_UP(lo, PAGE_SIZE), c->lo, len);
    if (!at || !mm_inside(at, len))
        at = vma_hole(c->hi, ALIGN_DOWN(hi, PAGE_SIZE), len);
    struct vma *v = at && mm_inside(at, len) && mm.count < VMA_COUNT_MAX
                        ? vma_new(at, at + len, PROT_READ | PROT_EXEC, VMA_PLATFORM)
                        : NULL;
    if (!v)
        return 0;
    vma_insert(v);
    return at;
}
