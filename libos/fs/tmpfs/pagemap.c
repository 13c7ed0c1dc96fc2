/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse pages by index. */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/tmpfs.h>

#define BITS 6
#define WAYS (1u << BITS)
#define HEIGHT_MAX 9 /* 54 bits of index, more than a file of 2^63 bytes has */

struct node {
    void *slot[WAYS];
};

static bool fits(const struct pagemap *m, uint64_t index)
{
    return index >> (BITS * m->height) == 0;
}

static unsigned way(uint64_t index, unsigned level)
{
    return index >> (BITS * (level - 1)) & (WAYS - 1);
}

void *pagemap_get(const struct pagemap *m, uint64_t index)
{
    void *at = fits(m, index) ? m->top : NULL;
    for (unsigned level = m->height; level > 0 && at; level--)
        at = ((struct node *)at)->slot[way(index, level)];
    return at;
}

int pagemap_set(struct pagemap *m, uint64_t index, void *page)
{
    while (!fits(m, index)) {
        if (m->height == HEIGHT_MAX)
            return -EFBIG;
        if (m->top) {
            struct node *n = NEW(struct node);
            if (!n)
                return -ENOMEM;
            n->slot[0] = m->top;
            m->top = n;
        }
        m->height++;
    }
    void **at = &m->top;
    for (unsigned level = m->height; level > 0; level--) {
        if (!*at && !(*at = NEW(struct node)))
            return -ENOMEM;
        at = &((struct node *)*at)->slot[way(index, level)];
    }
    *at = page;
    return 0;
}

static void *next_in(void *at, unsigned level, uint64_t *index)
{
    if (!at || level == 0)
        return at;
    const struct node *n = at;
    unsigned first = way(*index, level);
    for (unsigned i = first; i < WAYS; i++) {
        if (i >
            first) /* the start of this way: nothing of *index below this level counts any more */
            *index = ((*index >> (BITS * level) << BITS) + i) << (BITS * (level - 1));
        void *page = next_in(n->slot[i], level - 1, index);
        if (page)
            return page;
    }
    return NULL;
}

void *pagemap_next(const struct pagemap *m, uint64_t *index)
{
    return fits(m, *index) ? next_in(m->top, m->height, index) : NULL;
}

/* Free what lies in [first, last] of this subtree, which covers indexes from `base` on; true if
 * nothing is left of it. */
static bool free_in(void *at, unsigned level, uint64_t base, uint64_t first, uint64_t last,
                    size_t *count)
{
    if (level == 0) {
        pages_free(at, 1);
        ++*count;
        return true;
    }
    struct node *n = at;
    uint64_t span = 1ull << (BITS * (level - 1));
    bool empty = true;
    for (unsigned i = 0; i < WAYS; i++) {
        uint64_t start = base + i * span;
        if (n->slot[i] && start <= last && start + (span - 1) >= first &&
            free_in(n->slot[i], level - 1, start, first, last, count))
            n->slot[i] = NULL;
        empty = empty && !n->slot[i];
    }
    if (empty)
        DELETE(n);
    return empty;
}

size_t pagemap_free(struct pagemap *m, uint64_t first, uint64_t last)
{
    size_t count = 0;
    if (m->top && (m->height > 0 || first == 0) &&
        free_in(m->top, m->height, 0, first, last, &count)) {
        m->top = NULL;
        m->height = 0;
    }
    return count;
}
