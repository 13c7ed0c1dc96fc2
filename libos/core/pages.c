/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page allocator. Each range that the platform gave has a frontier: pages beyond it have never
 * been used and are zero, unless the platform said otherwise. Below it a binary buddy system keeps what was freed (Knowlton 1965). The
 * links lie beside the pages, not in them, in a table at the start of the range; untouched entries
 * are zero, so the table costs nothing until its pages are used, and pages known to be zero stay so.
 *
 * Blocks are of 2^order pages, aligned to their size within the range. An allocation may start
 * anywhere: pages_free() cuts what it gets into aligned blocks.
 */
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#define RANGES_MAX 8
#define ORDERS 24
#define INDEX_BITS 26 /* pages in a range: 256 GiB; what is beyond is not used */

struct page {
    uint32_t next : INDEX_BITS, order : 5, free : 1; /* valid for the first page of a free block */
    uint32_t prev : INDEX_BITS, zero : 1;
};

static struct range {
    char *base;
    struct page *pages; /* pages[i] is the page at base + i * PAGE_SIZE */
    uint32_t count, fresh; /* fresh: the frontier */
    uint32_t heads[ORDERS]; /* free blocks by order; 0 (the table itself) ends a list */
    uint32_t orders; /* bit n: heads[n] is not empty */
    bool zero; /* what is beyond the frontier */
} ranges[RANGES_MAX];

static unsigned range_count;
static size_t free_count, total_count;

void pages_add(void *base, size_t len, bool zero)
{
    struct range *r = &ranges[range_count];
    size_t count = MIN(len >> PAGE_SHIFT, ((size_t)1 << INDEX_BITS) - 1);
    size_t table = ALIGN_UP(count * sizeof(struct page), PAGE_SIZE) >> PAGE_SHIFT;

    if (range_count == RANGES_MAX || count <= table + 1)
        return; /* not worth its table */
    range_count++;
    *r = (struct range){.base = base, .pages = base, .zero = zero};
    if (!zero)
        memset(base, 0, table << PAGE_SHIFT);
    r->count = (uint32_t)count;
    r->fresh = (uint32_t)table;
    total_count += count;
    free_count += count - table;
}

static void unlink_block(struct range *r, uint32_t i)
{
    struct page *p = &r->pages[i];

    if (p->prev)
        r->pages[p->prev].next = p->next;
    else
        r->heads[p->order] = p->next;
    if (p->next)
        r->pages[p->next].prev = p->prev;
    if (!r->heads[p->order])
        r->orders &= ~(1u << p->order);
    p->free = 0;
}

static void link_block(struct range *r, uint32_t i, unsigned order, bool zero)
{
    struct page *p = &r->pages[i];
    uint32_t head = r->heads[order];

    *p = (struct page){.free = 1, .zero = zero};
    p->order = order & 31;
    p->next = head & ((1u << INDEX_BITS) - 1);
    if (head)
        r->pages[head].prev = i & ((1u << INDEX_BITS) - 1);
    r->heads[order] = i;
    r->orders |= 1u << order;
}

/* One aligned block becomes free and is joined with its buddies as long as they are free too. */
static void free_block(struct range *r, uint32_t i, unsigned order, bool zero)
{
    while (order + 1 < ORDERS) {
        uint32_t buddy = i ^ 1u << order;
        if (buddy + (1u << order) > r->fresh || !r->pages[buddy].free ||
            r->pages[buddy].order != order)
            break;
        zero = zero && r->pages[buddy].zero;
        unlink_block(r, buddy);
        i &= ~(1u << order);
        order++;
    }
    link_block(r, i, order, zero);
}

static void free_run(struct range *r, uint32_t i, uint32_t count, bool zero)
{
    while (count) {
        unsigned order = MIN((unsigned)__builtin_ctz(i), 31 - (unsigned)__builtin_clz(count));
        order = MIN(order, (unsigned)ORDERS - 1);
        free_block(r, i, order, zero);
        i += 1u << order;
        count -= 1u << order;
    }
}

static void *take_recycled(struct range *r, uint32_t count, unsigned flags)
{
    unsigned order = count == 1 ? 0 : 32 - (unsigned)__builtin_clz(count - 1);
    uint32_t fitting = order < ORDERS ? r->orders >> order << order : 0;

    if (!fitting)
        return NULL;
    unsigned found = (unsigned)__builtin_ctz(fitting);
    uint32_t i = r->heads[found];
    bool zero = r->pages[i].zero;
    unlink_block(r, i);
    free_run(r, i + count, (1u << found) - count, zero);

    void *base = r->base + ((size_t)i << PAGE_SHIFT);
    if ((flags & PAGES_ZERO) && !zero)
        memset(base, 0, (size_t)count << PAGE_SHIFT);
    return base;
}

bool (*pages_pressure)(size_t count);

static void *take(size_t count, unsigned flags)
{
    void *base = NULL;

    for (unsigned n = 0; n < range_count && !base; n++)
        base = take_recycled(&ranges[n], (uint32_t)count, flags);
    for (unsigned n = 0; n < range_count && !base; n++) {
        struct range *r = &ranges[n];
        if (r->count - r->fresh < count)
            continue;
        base = r->base + ((size_t)r->fresh << PAGE_SHIFT);
        r->fresh += (uint32_t)count;
        if ((flags & PAGES_ZERO) && !r->zero)
            memset(base, 0, count << PAGE_SHIFT);
    }
    return base;
}

void *pages_alloc(size_t count, unsigned flags)
{
    void *base;

    if (!count || count > UINT32_MAX >> 1)
        return NULL;
    do
        base = take(count, flags);
    while (!base && pages_pressure && pages_pressure(count));
    if (base)
        free_count -= count;
    return base;
}

void pages_free(void *base, size_t count)
{
    for (unsigned n = 0; n < range_count; n++) {
        struct range *r = &ranges[n];
        size_t i = (size_t)((char *)base - r->base) >> PAGE_SHIFT;
        if ((char *)base < r->base || i >= r->fresh)
            continue;
        if (count > r->fresh - i || r->pages[i].free)
            break;
        free_run(r, (uint32_t)i, (uint32_t)count, false);
        free_count += count;
        return;
    }
    panic("pages_free: %p, %zu pages", base, count);
}

size_t pages_free_count(void)
{
    return free_count;
}
size_t pages_total_count(void)
{
    return total_count;
}
