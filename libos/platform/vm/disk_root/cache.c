/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of a root image on a disk: a range of kernel addresses whose entries are filled by faults. A page of it may
 * be mapped by the program as well. When the allocator has no pages left, it asks: first the program's entries that
 * were not used since the last time go, then pages that no entry has and nobody has used. A page that is touched
 * again is read again, so pointers into the image stay good across all of this.
 */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/platform.h>
#include <u2k/string.h>

#include "../vm.h"
#include "../x86_64/layout.h"
#include "../x86_64/pager.h"
#include "disk_root.h"

enum {
    AHEAD = 16,   /* pages of an aligned piece that is read at once */
    RESERVE = 16, /* none is read ahead when less than this part of all memory is free */
    BATCH = 64,   /* pages given up at once, at least */
    FLOOR = 32,   /* this part of all memory stays with files in use: else each step is a read */
    STATUS_KILLED = 128 + 9, /* as for who is killed by Linux */
};

static struct {
    struct block_device *disk;
    uint64_t offset, size; /* of the image on the disk; size in whole pages */
    uint64_t *mapped; /* a bit for each page frame: the program has it */
    size_t mapped_size; /* bytes */
    size_t present; /* pages in memory */
    vaddr_t hand; /* where giving up goes on */
} root;

static vaddr_t end(void)
{
    return ROOT_BASE + root.size;
}

static bool is_present(vaddr_t at)
{
    struct page_path p;

    return pager_walk(at, false, &p) && *p.entry[0];
}

/* Read `count` pages, none of which is there. Their memory has been taken. */
static bool read_run(vaddr_t at, void *const page[], unsigned count)
{
    struct page_path p;
    bool all = true;

    if (root.disk->read(root.disk, root.offset + (at - ROOT_BASE), page, count))
        panic("the root disk %s cannot be read at byte %llu", root.disk->name,
              (unsigned long long)(root.offset + (at - ROOT_BASE)));
    for (unsigned i = 0; i < count; i++, at += PAGE_SIZE) {
        if (pager_walk(at, true, &p)) {
            pager_set(&p, device_address(page[i]) | PTE_PRESENT | PTE_NX);
            root.present++;
        } else {
            pages_free(page[i], 1);
            all = false;
        }
    }
    return all;
}

/* The page at `wanted`, with the others of its piece that are not there and for which there is plenty of memory. */
static bool bring(vaddr_t wanted)
{
    vaddr_t first = wanted & ~(vaddr_t)(AHEAD * PAGE_SIZE - 1);
    vaddr_t last = MIN(first + AHEAD * PAGE_SIZE, end());
    unsigned most = MIN(root.disk->pages_max, (unsigned)AHEAD), count = 0;
    bool ahead = pages_free_count() > pages_total_count() / RESERVE;
    void *page[AHEAD], *own = pages_alloc(1, PAGES_ANY);

    if (!own)
        return false;
    if (!ahead || most == 1)
        return read_run(wanted, &own, 1);
    for (vaddr_t at = first; at < last; at += PAGE_SIZE) {
        void *memory = at == wanted ? own : is_present(at) ? NULL : pages_alloc(1, PAGES_ANY);
        if (memory)
            page[count++] = memory;
        if (count && (!memory || count == most || at + PAGE_SIZE == last)) {
            vaddr_t run_end = memory ? at + PAGE_SIZE : at;
            (void)read_run(run_end - count * PAGE_SIZE, page, count);
            count = 0;
        }
    }
    return is_present(wanted);
}

OPTIONAL bool root_fault(uint64_t address)
{
    if (address < ROOT_BASE || address >= end())
        return false;
    vaddr_t page = address & ~(vaddr_t)PAGE_MASK;
    if (!is_present(page) && !bring(page)) {
        log_error(
            "out of memory: killed the program (no page is left for files); give more with -m");
        plat_exit(STATUS_KILLED);
    }
    return true;
}

OPTIONAL uint64_t root_page(const void *memory, bool wanted)
{
    vaddr_t at = (vaddr_t)memory;
    struct page_path p;

    if (at < ROOT_BASE || at >= end())
        return physical_of(memory);
    if (wanted && !is_present(at) && !bring(at))
        return 0;
    return pager_walk(at, false, &p) && *p.entry[0] ? (*p.entry[0] & PTE_ADDRESS) | PTE_CACHED : 0;
}

OPTIONAL size_t root_pages(void)
{
    return root.present;
}

IF_LINKED(part_virtio_blk, root_fault, unlinked_nothing);
IF_LINKED(part_virtio_blk, root_pages, unlinked_nothing);

/* ---- giving up ---- */

struct giving {
    size_t target, done;
    bool spare; /* what was used since the last time is spared */
};

static uint64_t *mapped_word(uint64_t entry, uint64_t *bit)
{
    uint64_t frame = (entry & PTE_ADDRESS) >> PAGE_SHIFT;

    *bit = 1ull << (frame & 63);
    return &root.mapped[frame >> 6];
}

static uint64_t see_program(uint64_t entry, bool last, void *arg)
{
    const struct giving *g = arg;
    uint64_t bit;

    if (!(entry & PTE_CACHED))
        return entry;
    if (!last && !(g->spare && entry & PTE_ACCESSED))
        return 0;
    *mapped_word(entry, &bit) |= bit;
    return entry & ~(uint64_t)PTE_ACCESSED;
}

static uint64_t see_own(uint64_t entry, bool last, void *arg)
{
    struct giving *g = arg;
    uint64_t bit;

    if (last || g->done == g->target || *mapped_word(entry, &bit) & bit)
        return entry;
    if (g->spare && entry & PTE_ACCESSED)
        return entry & ~(uint64_t)PTE_ACCESSED;
    pages_free(vm_direct(entry & PTE_ADDRESS), 1);
    root.present--;
    g->done++;
    return 0;
}

static bool give_up(size_t count)
{
    struct giving g = {.target = MAX(count, (size_t)BATCH), .spare = true};

    for (unsigned round = 0; round < 2 && !g.done; round++, g.spare = false) {
        if (!g.spare && root.present < pages_total_count() / FLOOR)
            break;
        memset(root.mapped, 0, root.mapped_size);
        pager_sweep(USER_LO, USER_HI, see_program, &g);
        pager_sweep(root.hand, end(), see_own, &g);
        pager_sweep(ROOT_BASE, root.hand, see_own, &g);
        pager_flush();
        root.hand += BATCH * PAGE_SIZE;
        if (root.hand >= end())
            root.hand = ROOT_BASE;
    }
    return g.done;
}

int root_open(struct block_device *d, uint64_t offset, uint64_t size, const void **out)
{
    size_t pages = (vm_memory_end() / PAGE_SIZE / 8 + PAGE_MASK) >> PAGE_SHIFT;

    if (size > ROOT_MAX || offset % BLOCK_SECTOR || size % PAGE_SIZE || offset + size > d->size)
        return -EINVAL;
    root.mapped = pages_alloc(pages, PAGES_ZERO);
    if (!root.mapped)
        return -ENOMEM;
    root.mapped_size = pages << PAGE_SHIFT;
    root.disk = d;
    root.offset = offset;
    root.size = size;
    root.hand = ROOT_BASE;
    pages_pressure = give_up;
    *out = (const void *)ROOT_BASE;
    return 0;
}
