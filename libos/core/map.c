/* SPDX-License-Identifier: Apache-2.0 */
/* mmap(2) and munmap(2): checks, limits and address choice as Linux makes them. */
#include "mm.h"

#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/uaccess.h>
#include <u2k/vfs.h>

#define LOW_32BIT 0x40000000ul /* MAP_32BIT: the second gigabyte */
#define HIGH_32BIT 0x80000000ul

#define VALID_FLAGS \
    (unsigned)(VMA_KEPT | MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT | MAP_DENYWRITE | \
               MAP_EXECUTABLE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK)

/* The two parts that the platform's reserved range leaves of [lo, hi): the upper one first. */
static vaddr_t hole_between(vaddr_t lo, vaddr_t hi, size_t len)
{
    const struct plat_info *p = plat_info;

    lo = MAX(lo, MAX(p->user_lo, MMAP_MIN_ADDR));
    hi = MIN(hi, p->user_hi);
    if (p->reserved_lo >= p->reserved_hi)
        return vma_hole(lo, hi, len);
    vaddr_t found = vma_hole(MAX(lo, p->reserved_hi), hi, len);
    return found ? found : vma_hole(lo, MIN(hi, p->reserved_lo), len);
}

bool mm_inside(vaddr_t at, size_t len)
{
    const struct plat_info *p = plat_info;

    if (at < p->user_lo || at > p->user_hi || len > p->user_hi - at)
        return false;
    return p->reserved_lo >= p->reserved_hi || at + len <= p->reserved_lo || at >= p->reserved_hi;
}

vaddr_t mm_place(size_t len, unsigned flags)
{
    if (flags & MAP_32BIT)
        return hole_between(LOW_32BIT, HIGH_32BIT, len);
    vaddr_t found = hole_between(0, mm.base, len);
    return found ? found : hole_between(mm.base, UINTPTR_MAX, len);
}

int mm_may_grow(uint64_t len, unsigned prot, unsigned flags, bool file, uint64_t replaced)
{
    const struct rlimit64 *limits = process.limits;
    bool data = is_data(prot, flags);
    /* Linux's heuristic overcommit: refuse what could never fit, whatever else is in use. */
    bool accounted = !(flags & MAP_NORESERVE) && (data || ((flags & MAP_SHARED) && !file));

    if (mm.usage.total - replaced + len > limits[RLIMIT_AS].soft)
        return -ENOMEM;
    if (data && mm.usage.data + len > limits[RLIMIT_DATA].soft)
        return -ENOMEM;
    return accounted && len > plat_info->memory ? -ENOMEM : 0;
}

int mm_may_lock(uint64_t len)
{
    uint64_t limit = process.limits[RLIMIT_MEMLOCK].soft;

    if (capable(CAP_IPC_LOCK))
        return 0;
    if (!limit)
        return -EPERM;
    return mm.usage.locked + len > limit ? -EAGAIN : 0;
}

void mm_populate(vaddr_t lo, vaddr_t hi)
{
    while (lo < hi) {
        const struct vma *v = vma_find(lo);
        if (!v || v->start >= hi)
            return;
        vaddr_t from = MAX(lo, v->start), to = MIN(hi, v->end);
        bool write = (v->prot & PROT_WRITE) && vma_is_private(v);
        if (v->prot)
            (void)user_probe(from, to - from, write ? PROT_WRITE : PROT_READ);
        lo = to;
    }
}

/* Areas are cut at both ends first: after that nothing can fail. */
int mm_clear(vaddr_t lo, vaddr_t hi, bool tell)
{
    struct vma *v = vma_find(lo);
    vaddr_t run = 0, run_end = 0;

    if (v && v->start < lo && vma_split(v, lo))
        return -ENOMEM;
    v = vma_find(hi - 1);
    if (v && v->start < hi && vma_split(v, hi))
        return -ENOMEM;
    while ((v = vma_find(lo)) && v->start < hi) {
        if (v->start != run_end) {
            if (tell && run_end)
                (void)plat_unmap(run, run_end - run);
            run = v->start;
        }
        run_end = v->end;
        vma_remove(v);
    }
    if (tell && run_end)
        (void)plat_unmap(run, run_end - run);
    return 0;
}

long mm_unmap(vaddr_t at, size_t len)
{
    if ((at & PAGE_MASK) || at > plat_info->user_hi || len > plat_info->user_hi - at)
        return -EINVAL;
    len = ALIGN_UP(len, PAGE_SIZE);
    return len ? mm_clear(at, at + len, true) : -EINVAL;
}

/* /dev/zero, mapped privately, is anonymous memory (mem(4)). */
static bool is_zero_device(const struct file *f)
{
    return (f->inode->mode & S_IFMT) == S_IFCHR && f->inode->rdev == MKDEV(1, 5);
}

static long check_file(struct file *f, unsigned prot, unsigned flags)
{
    unsigned type = flags & MAP_TYPE;
    bool shared = type != MAP_PRIVATE;

    if (!f->inode)
        return -ENODEV;
    if (type == MAP_SHARED_VALIDATE && (flags & ~VALID_FLAGS))
        return -EOPNOTSUPP;
    if (shared && (prot & PROT_WRITE) && !file_writable(f))
        return -EACCES;
    if (!file_readable(f))
        return -EACCES;
    if ((prot & PROT_EXEC) && f->inode->sb && (f->inode->sb->flags & SB_NOEXEC))
        return -EPERM;
    if (is_zero_device(f))
        return 0;
    if (!f->ops->page)
        return -ENODEV;
    return flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static long choose_address(vaddr_t at, size_t len, unsigned flags)
{
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        at = ALIGN_DOWN(at, PAGE_SIZE);
        at = at ? MAX(at, MMAP_MIN_ADDR) : 0;
        const struct vma *next = at && mm_inside(at, len) ? mm_next(at) : NULL;
        if (at && mm_inside(at, len) && (!next || next->start >= at + len))
            return (long)at;
        at = mm_place(len, flags);
        return at ? (long)at : -ENOMEM;
    }
    if (len > plat_info->user_hi || at > plat_info->user_hi - len)
        return -ENOMEM;
    if (at & PAGE_MASK)
        return -EINVAL;
    if (at < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO))
        return -EPERM;
    if (!mm_inside(at, len))
        return -ENOMEM;
    const struct vma *there = mm_next(at);
    return (flags & MAP_FIXED_NOREPLACE) && there && there->start < at + len ? -EEXIST : (long)at;
}

static uint64_t mapped_within(vaddr_t lo, vaddr_t hi)
{
    uint64_t bytes = 0;

    for (const struct vma *v = vma_find(lo); v && v->start < hi; v = vma_find(v->end))
        bytes += MIN(hi, v->end) - MAX(lo, v->start);
    return bytes;
}

static long place_area(vaddr_t at, size_t len, unsigned prot, unsigned flags, struct file *f,
                       uint64_t offset)
{
    struct vma *v = vma_new(at, at + len, prot, flags & VMA_KEPT);

    if (!v || mm_clear(at, at + len, false)) {
        if (v)
            DELETE(v);
        return -ENOMEM;
    }
    v->file = f ? file_ref(f) : NULL;
    v->page_index = offset >> PAGE_SHIFT;
    if (!f && !vma_is_private(v)) { /* a piece of its own, never one with its neighbour */
        v->page_index = mm.shared_pages;
        mm.shared_pages += (len >> PAGE_SHIFT) + 1;
    }
    if (f && vma_is_private(v) && (prot & PROT_WRITE))
        v->flags |= VMA_COPIED;
    vma_insert(v);
    int error = backing_map(v, at, at + len);
    if (error) {
        vma_remove(v);
        (void)plat_unmap(at, len);
        return error;
    }
    v = vma_merge(v);
    if (v->flags & MAP_LOCKED)
        mm_populate(at, at + len);
    return (long)at;
}

long mm_map(vaddr_t at, size_t len, unsigned prot, unsigned flags, struct file *f, uint64_t offset)
{
    prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
    if (!len)
        return -EINVAL;
    len = ALIGN_UP(len, PAGE_SIZE);
    if (!len)
        return -ENOMEM;
    if (offset + len < offset || (f && offset + len > INT64_MAX))
        return -EOVERFLOW;
    if (mm.count > VMA_COUNT_MAX)
        return -ENOMEM;
    long place = choose_address(at, len, flags);
    if (place < 0)
        return place;
    at = (vaddr_t)place;

    if (mm.lock_future)
        flags |= MAP_LOCKED;
    long error = flags & MAP_LOCKED ? mm_may_lock(len) : 0;
    if (error)
        return error;
    unsigned type = flags & MAP_TYPE;
    if (!type || type > (f ? MAP_SHARED_VALIDATE : MAP_PRIVATE))
        return -EINVAL;
    if (!f && (flags & MAP_SHARED) && (flags & MAP_GROWSDOWN))
        return -EINVAL;
    error = f ? check_file(f, prot, flags) : 0;
    if (error)
        return error;
    if (f && is_zero_device(f))
        f = NULL;
    flags &= ~(unsigned)MAP_TYPE;
    flags |= type == MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
    error = mm_may_grow(len, prot, flags, f != NULL, mapped_within(at, at + len));
    if (error)
        return error;

    place = place_area(at, len, prot, flags, f, f ? offset : 0);
    if (place >= 0 && (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
        mm_populate(at, at + len);
    return place;
}

void mm_label(vaddr_t at, const char *label)
{
    struct vma *v = vma_find(at);

    if (v && v->start <= at)
        v->label = label;
}

/* Resident is what is in use of the memory that program and library OS share: counting pages would
 * take a walk over reservations of terabytes. */
void mm_usage(struct mm_usage *out)
{
    uint64_t free = plat_memory_free();

    *out = mm.usage;
    out->resident = plat_info->memory > free ? MIN(plat_info->memory - free, mm.usage.total) : 0;
}
