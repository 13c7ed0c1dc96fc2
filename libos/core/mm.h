/* SPDX-License-Identifier: Apache-2.0 */
/* Core's own: the address space behind u2k/mm.h. */
#ifndef U2K_CORE_MM_H
#define U2K_CORE_MM_H

#include <u2k/errno.h>
#include <u2k/mm.h>

#define VMA_COUNT_MAX 65530      /* vm.max_map_count */
#define MMAP_MIN_ADDR 0x10000ul  /* vm.mmap_min_addr */
#define STACK_GUARD (256 * PAGE_SIZE)

/* vma.flags: the MAP_* that are kept, and our own. COPIED: a private mapping of a file that was
 * writable once, so that it may have pages of its own. */
#define VMA_KEPT (MAP_SHARED | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE)
#define VMA_COPIED (1u << 30)
/* Of the platform: not told to the program. */
#define VMA_PLATFORM (1u << 29)

struct mm {
    struct vma *root;
    unsigned count;
    struct mm_usage usage; /* `resident` unused */
    vaddr_t base;          /* mappings are placed below */
    vaddr_t brk_start, brk;
    uint64_t shared_pages; /* page index for the next shared anonymous area */
    bool lock_future;      /* mlockall(MCL_FUTURE) */
};
extern struct mm mm;

/* ---- vma.c: the tree; every change goes through these, which keep count and usage ---- */
struct vma *vma_find(vaddr_t at); /* the first that ends above `at` */
struct vma *vma_before(vaddr_t at); /* the last that starts below `at` */
struct vma *vma_new(vaddr_t start, vaddr_t end, unsigned prot,
                    unsigned flags); /* not in the tree */
void vma_insert(struct vma *v);
void vma_remove(struct vma *v); /* and frees it */
void vma_resize(struct vma *v, vaddr_t start, vaddr_t end); /* order stays */
void vma_set(struct vma *v, unsigned prot, unsigned flags);
int vma_split(struct vma *v,
              vaddr_t at); /* `v` keeps what is below; no-op outside of it. -ENOMEM */
struct vma *vma_merge(struct vma *v);     /* with its neighbours; what `v` is part of now */
vaddr_t vma_hole(vaddr_t lo, vaddr_t hi, size_t len); /* highest place in [lo, hi), 0: none */

/* ---- map.c ---- */
vaddr_t mm_place(size_t len, unsigned flags);           /* where a new mapping goes, 0: no room */
bool mm_inside(vaddr_t at, size_t len); /* in the program's part, reserved excluded */
int mm_may_grow(uint64_t len, unsigned prot, unsigned flags, bool file, uint64_t replaced);
int mm_may_lock(uint64_t len); /* RLIMIT_MEMLOCK: 0, -EPERM, -EAGAIN */
int mm_clear(vaddr_t lo, vaddr_t hi, bool tell); /* drop areas; tell: the platform as well */
void mm_populate(vaddr_t lo, vaddr_t hi);

/* ---- backing.c ---- */
struct backing {
    vaddr_t lo, hi;
    enum plat_backing how;
    const void *data;
};
int backing_at(const struct vma *v, vaddr_t at, struct backing *out); /* the run from `at` on */
int backing_map(const struct vma *v, vaddr_t lo, vaddr_t hi); /* tell the platform */

/* ---- layout.c ---- */
void mm_layout_choose(void); /* mm.base and mm_layout.stack_top for a new program */
vaddr_t mm_random_pages(unsigned bits); /* a random number of pages, in bytes */

static inline bool vma_is_private(const struct vma *v)
{
    return !(v->flags & MAP_SHARED);
}

/* Counts against RLIMIT_DATA and the memory there is (Linux: VM_ACCOUNT, is_data_mapping). */
static inline bool is_data(unsigned prot, unsigned flags)
{
    return (prot & PROT_WRITE) && !(flags & (MAP_SHARED | MAP_GROWSDOWN));
}

#endif
