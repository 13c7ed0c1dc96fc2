/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's half of the address space: four-level tables, filled when touched (Intel SDM
 * volume 3, 4.5). An entry that is not zero holds a page, also when it is not present (PROT_NONE keeps
 * contents). OWNED pages are private and freed with their entry; the others are `backing` mapped in
 * place, of which SHARED ones may be writable.
 *
 * How many entries of a table are in use is counted in bits 52..61 of the entry that points to it,
 * which the CPU ignores there: a table goes when its last entry does.
 */
#include "pager.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/platform.h>
#include <u2k/string.h>

#include "../vm.h"
#include "../disk_root/disk_root.h"
#include "cpu.h"
#include "layout.h"

#define PTE_RIGHTS (PTE_NX | PTE_WRITE | PTE_USER | PTE_PRESENT)
#define COUNT_ONE (1ull << 52)
#define COUNT_BITS (0x3ffull << 52)
#define LEVELS PAGER_LEVELS
#define AROUND 16 /* pages mapped in place on one fault */

extern uint64_t pml4[512];
extern char vdso_image[], vdso_end[], vdso_page[], vdso_data[];

static unsigned slot(vaddr_t at, unsigned level)
{
    return at >> (PAGE_SHIFT + 9 * level) & 511;
}
static uint64_t *table_of(uint64_t entry)
{
    return vm_direct(entry & PTE_ADDRESS);
}

static uint64_t rights(unsigned prot)
{
    if (!prot)
        return 0;
    uint64_t bits = PTE_PRESENT | PTE_USER;
    if (prot & PROT_WRITE)
        bits |= PTE_WRITE;
    return prot & PROT_EXEC ? bits : bits | PTE_NX;
}

/* Free the tables from the one that entry[level] points to upwards, as far as they are empty. */
static void prune(const struct page_path *p, unsigned level)
{
    for (; level < LEVELS && !(*p->entry[level] & COUNT_BITS); level++) {
        pages_free(table_of(*p->entry[level]), 1);
        *p->entry[level] = 0;
        if (level < LEVELS - 1)
            *p->entry[level + 1] -= COUNT_ONE;
    }
}

/* An entry becomes `value`; the table it is in counts. */
void pager_set(const struct page_path *p, uint64_t value)
{
    uint64_t old = *p->entry[0];

    *p->entry[0] = value;
    if (!old && value)
        *p->entry[1] += COUNT_ONE;
    if (old && !value) {
        *p->entry[1] -= COUNT_ONE;
        prune(p, 1);
    }
}

/* With `create`, tables that are missing are made: empty ones until pager_set() or prune(). */
bool pager_walk(vaddr_t at, bool create, struct page_path *p)
{
    uint64_t *table = pml4;

    for (unsigned level = LEVELS - 1;; level--) {
        p->entry[level] = &table[slot(at, level)];
        if (!level)
            return true;
        if (!*p->entry[level]) {
            void *fresh = create ? pages_alloc(1, PAGES_ZERO) : NULL;
            if (!fresh) {
                if (create)
                    prune(p, level + 1);
                return false;
            }
            *p->entry[level] = physical_of(fresh) | PTE_PRESENT | PTE_WRITE | PTE_USER;
            if (level < LEVELS - 1)
                *p->entry[level + 1] += COUNT_ONE;
        }
        table = table_of(*p->entry[level]);
    }
}

/*
 * Visit every entry in [lo, hi) that is in use. The visitor changes it by the value it returns;
 * whole tables that are not there are passed over, so reservations cost nothing.
 */
typedef uint64_t (*visitor)(uint64_t entry, vaddr_t at, void *arg);

static void visit_table(struct page_path *p, unsigned level, uint64_t *table, vaddr_t lo,
                        vaddr_t hi, visitor visit, void *arg)
{
    const vaddr_t step = (vaddr_t)1 << (PAGE_SHIFT + 9 * level);
    uint64_t *parent = level < LEVELS - 1 ? p->entry[level + 1] : NULL;

    for (vaddr_t at = lo; at < hi; at = (at & ~(step - 1)) + step) {
        uint64_t *entry = p->entry[level] = &table[slot(at, level)];
        if (!*entry)
            continue;
        if (level) {
            visit_table(p, level - 1, table_of(*entry), at, MIN(hi, (at & ~(step - 1)) + step),
                        visit, arg);
        } else {
            uint64_t old = *entry, value = visit(old, at, arg);
            if (value != old) {
                pager_set(p, value);
                if (old & PTE_PRESENT)
                    invlpg(at);
            }
        }
        if (parent && !*parent)
            return; /* that was the last entry: this table is gone */
    }
}

static void visit(vaddr_t at, size_t len, visitor fn, void *arg)
{
    struct page_path p;

    visit_table(&p, LEVELS - 1, pml4, at, at + len, fn, arg);
}

static void sweep_table(uint64_t *parent, unsigned level, uint64_t *table, vaddr_t lo, vaddr_t hi,
                        uint64_t (*see)(uint64_t, bool, void *), void *arg)
{
    const vaddr_t step = (vaddr_t)1 << (PAGE_SHIFT + 9 * level);

    for (vaddr_t at = lo; at < hi; at = (at & ~(step - 1)) + step) {
        uint64_t *entry = &table[slot(at, level)];
        if (!*entry)
            continue;
        if (level) {
            sweep_table(entry, level - 1, table_of(*entry), at, MIN(hi, (at & ~(step - 1)) + step),
                        see, arg);
            continue;
        }
        *entry = see(*entry, (*parent & COUNT_BITS) == COUNT_ONE, arg);
        if (!*entry)
            *parent -= COUNT_ONE;
    }
}

void pager_sweep(vaddr_t lo, vaddr_t hi, uint64_t (*see)(uint64_t, bool, void *), void *arg)
{
    sweep_table(NULL, LEVELS - 1, pml4, lo, hi, see, arg);
}

static bool valid(vaddr_t at, size_t len)
{
    return !((at | len) & PAGE_MASK) && at >= USER_LO && at < USER_HI && len <= USER_HI - at;
}

static void give_back(uint64_t entry)
{
    if (entry & PTE_OWNED)
        pages_free(table_of(entry), 1);
}

static uint64_t visit_drop(uint64_t entry, vaddr_t at, void *arg)
{
    (void)at, (void)arg;
    give_back(entry);
    return 0;
}

int plat_unmap(vaddr_t at, size_t len)
{
    if (!valid(at, len))
        return -EINVAL;
    visit(at, len, visit_drop, NULL);
    return 0;
}

int plat_discard(vaddr_t at, size_t len)
{
    return plat_unmap(at, len);
}

int plat_map(vaddr_t at, size_t len, unsigned prot, enum plat_backing how, const void *backing)
{
    (void)prot, (void)how, (void)backing; /* core tells them again with the first touch */
    return plat_unmap(at, len);
}

static uint64_t visit_protect(uint64_t entry, vaddr_t at, void *arg)
{
    unsigned prot = *(const unsigned *)arg;

    (void)at;
    if (!prot && !(entry & PTE_OWNED))
        return 0; /* comes back from its backing */
    uint64_t value = (entry & ~PTE_RIGHTS) | rights(prot);
    return entry & (PTE_OWNED | PTE_SHARED) ? value : value & ~(uint64_t)PTE_WRITE;
}

int plat_protect(vaddr_t at, size_t len, unsigned prot)
{
    if (!valid(at, len))
        return -EINVAL;
    visit(at, len, visit_protect, &prot);
    return 0;
}

static uint64_t visit_resident(uint64_t entry, vaddr_t at, void *arg)
{
    struct {
        vaddr_t start;
        uint8_t *vec;
    } *r = arg;

    r->vec[(at - r->start) >> PAGE_SHIFT] = 1;
    return entry;
}

int plat_resident(vaddr_t at, size_t len, uint8_t *vec)
{
    struct {
        vaddr_t start;
        uint8_t *vec;
    } r = {at, vec};

    if (!valid(at, len))
        return -EINVAL;
    memset(vec, 0, len >> PAGE_SHIFT);
    visit(at, len, visit_resident, &r);
    return 0;
}

struct move {
    vaddr_t from, to;
    bool failed;
};

/* First every table at the new place, so that the move itself cannot fail half-way. A mark that is
 * no page keeps the tables. */
#define MARK PTE_SHARED

static uint64_t visit_reserve(uint64_t entry, vaddr_t at, void *arg)
{
    struct move *m = arg;
    struct page_path p;

    if (entry & PTE_CACHED)
        return 0; /* comes back from its backing; making tables may take it away in between */
    if (!m->failed && pager_walk(m->to + (at - m->from), true, &p))
        pager_set(&p, MARK);
    else
        m->failed = true;
    return entry;
}

static uint64_t visit_move(uint64_t entry, vaddr_t at, void *arg)
{
    struct move *m = arg;
    struct page_path p;

    (void)pager_walk(m->to + (at - m->from), false, &p);
    pager_set(&p, entry);
    return 0;
}

int plat_move(vaddr_t from, vaddr_t to, size_t len)
{
    struct move m = {.from = from, .to = to};

    if (!valid(from, len) || plat_unmap(to, len) < 0)
        return -EINVAL;
    visit(from, len, visit_reserve, &m);
    if (m.failed) {
        plat_unmap(to, len);
        return -ENOMEM;
    }
    visit(from, len, visit_move, &m);
    return 0;
}

/* `rep movsq`: as fast as anything on hardware, and one count a word under an emulator. */
static void copy_page(void *to, const void *from)
{
    size_t words = PAGE_SIZE / 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* The address bits of an entry that maps `backing`; of a root on a disk 0 if it is not there, and not `wanted`. */
IF_LINKED(part_virtio_blk, root_page, physical_of);

/* Map `backing` in place for the page and the neighbours that are likely to be touched next. */
static int map_in_place(vaddr_t page, vaddr_t lo, vaddr_t hi, uint64_t entry, const char *backing)
{
    vaddr_t first = page & ~(vaddr_t)(AROUND * PAGE_SIZE - 1);
    struct page_path p;

    if (!pager_walk(page, true, &p))
        return -ENOMEM;
    hi = MIN(hi, first + AROUND * PAGE_SIZE);
    first = MAX(first, lo);
    /* An aligned group of 16 never crosses a table: neighbours are next to each other there. */
    for (vaddr_t at = first; at < hi; at += PAGE_SIZE) {
        struct page_path n = p;
        n.entry[0] = &p.entry[0][(intptr_t)(at - page) >> PAGE_SHIFT];
        if (*n.entry[0])
            continue;
        uint64_t there = root_page(backing + (at - lo), at == page);
        if (there)
            pager_set(&n, there | entry);
        else if (at == page)
            return -ENOMEM;
    }
    return 0;
}

static int map_private(const struct page_path *p, vaddr_t page, unsigned prot, const void *contents)
{
    uint64_t old = *p->entry[0];
    void *fresh = pages_alloc(1, contents ? PAGES_ANY : PAGES_ZERO);

    if (!fresh)
        return -ENOMEM;
    if (contents)
        copy_page(fresh, contents);
    pager_set(p, physical_of(fresh) | PTE_OWNED | rights(prot));
    if (old & PTE_PRESENT)
        invlpg(page);
    return 0;
}

int plat_fault(vaddr_t addr, unsigned access, vaddr_t lo, vaddr_t hi, unsigned prot,
               enum plat_backing how, const void *backing)
{
    vaddr_t page = addr & ~(vaddr_t)PAGE_MASK;
    struct page_path p;

    if (!valid(lo, hi - lo) || page < lo || page >= hi || how == MAP_RESERVE)
        return -EFAULT;
    if (!prot || access & ~(prot | PROT_READ)) /* the CPU has no page that cannot be read */
        return -EFAULT;
    bool found = pager_walk(page, false, &p) && *p.entry[0];
    uint64_t entry = found ? *p.entry[0] : 0;
    uint64_t needed = rights(access | PROT_READ) & ~PTE_NX;
    if ((entry & needed) == needed && !(access & PROT_EXEC && entry & PTE_NX))
        return -EFAULT;

    if (entry & (PTE_OWNED | PTE_SHARED)) { /* the page is there, its rights are not */
        pager_set(&p, (entry & ~PTE_RIGHTS) | rights(prot));
        invlpg(page);
        return 0;
    }
    const char *contents = how == MAP_ZERO ? NULL : (const char *)backing + (page - lo);
    if (how == MAP_DIRECT)
        return map_in_place(page, lo, hi, PTE_SHARED | rights(prot), backing);
    if (how == MAP_COPY && !(access & PROT_WRITE)) {
        if (entry) { /* in place already, but not for running */
            pager_set(&p, (entry & ~PTE_RIGHTS) | rights(prot & ~(unsigned)PROT_WRITE));
            invlpg(page);
            return 0;
        }
        return map_in_place(page, lo, hi, rights(prot & ~(unsigned)PROT_WRITE), backing);
    }
    if (!found && !pager_walk(page, true, &p))
        return -ENOMEM;
    int error = map_private(&p, page, prot, contents);
    if (error && !found)
        prune(&p, 1);
    return error;
}

uint64_t plat_memory_free(void)
{
    return (uint64_t)(pages_free_count() + root_pages()) * PAGE_SIZE;
}

OPTIONAL vaddr_t vdso_map(void)
{
    struct page_path p;

    if (!pager_walk(VDSO_DATA, true, &p))
        return 0;
    pager_set(&p, physical_of(vdso_data) | rights(PROT_READ));
    p.entry[0]++; /* VDSO_CODE is the next page */
    memcpy(vdso_page, vdso_image, (size_t)(vdso_end - vdso_image));
    pager_set(&p, physical_of(vdso_page) | rights(PROT_READ | PROT_EXEC));
    return VDSO_CODE;
}

/* Its functions make these calls where they cannot tell, so who calls them calls these. */
IF_LINKED(sys_clock_gettime, vdso_map, unlinked_nothing);
IF_LINKED(sys_gettimeofday, vdso_map, unlinked_nothing);
IF_LINKED(sys_time, vdso_map, unlinked_nothing);
IF_LINKED(sys_getcpu, vdso_map, unlinked_nothing);
