/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap: slabs of one page, each of one size class (Bonwick 1994). A slab's header lies at the
 * start of its page; objects that were never used come off its end in order and are zero still.
 */
#include <u2k/list.h>
#include <u2k/pages.h>
#include <u2k/string.h>

struct slab {
    struct list link; /* in partial[class] unless full */
    void *free;       /* used before: cleared when given again */
    uint16_t used, fresh;
    uint32_t class;
};

#define ROOM (PAGE_SIZE - sizeof(struct slab))
#define CLASS(per_page) ((uint16_t)(ROOM / (per_page) / 16 * 16))

static const uint16_t sizes[] = {16,       32,       48,       64,       80,       96,
                                 128,      160,      192,      256,      336,      448,
                                 CLASS(7), CLASS(6), CLASS(5), CLASS(4), CLASS(3), CLASS(2)};
#define CLASSES ARRAY_SIZE(sizes)

static struct list partial[CLASSES];

static unsigned class_of(size_t size)
{
    unsigned c = 0;

    while (c < CLASSES && sizes[c] < size)
        c++;
    return c;
}

static size_t page_count(size_t size)
{
    return (size + PAGE_MASK) >> PAGE_SHIFT;
}

void *heap_alloc(size_t size)
{
    unsigned c = class_of(size);

    if (c == CLASSES)
        return size > SIZE_MAX - PAGE_SIZE ? NULL : pages_alloc(page_count(size), PAGES_ZERO);
    if (!partial[c].next)
        list_init(&partial[c]);

    struct slab *s;
    if (list_empty(&partial[c])) {
        s = pages_alloc(1, PAGES_ZERO);
        if (!s)
            return NULL;
        s->class = c;
        s->fresh = sizeof(*s);
        list_push_front(&partial[c], &s->link);
    } else {
        s = LIST_ENTRY(partial[c].next, struct slab, link);
    }

    void *object = s->free;
    if (object) {
        s->free = *(void **)object;
        memset(object, 0, sizes[c]);
    } else {
        object = (char *)s + s->fresh;
        s->fresh = (uint16_t)(s->fresh + sizes[c]);
    }
    s->used++;
    if (!s->free && s->fresh + sizes[c] > PAGE_SIZE)
        list_remove(&s->link);
    return object;
}

void heap_free(void *p, size_t size)
{
    unsigned c = class_of(size);

    if (!p)
        return;
    if (c == CLASSES) {
        pages_free(p, page_count(size));
        return;
    }
    struct slab *s = (void *)((uintptr_t)p & ~PAGE_MASK);
    if (list_empty(&s->link))
        list_push_front(&partial[c], &s->link);
    *(void **)p = s->free;
    s->free = p;
    s->used--;
    /* The last slab of a class is kept: one object allocated and freed in turn must stay cheap. */
    if (!s->used && partial[c].next != partial[c].prev) {
        list_remove(&s->link);
        pages_free(s, 1);
    }
}

void *heap_resize(void *p, size_t old_size, size_t size)
{
    unsigned c = class_of(size);
    bool same =
        p && c == class_of(old_size) && (c < CLASSES || page_count(size) == page_count(old_size));

    if (same) {
        if (size > old_size)
            memset((char *)p + old_size, 0, size - old_size);
        return p;
    }
    void *moved = heap_alloc(size);
    if (moved && p) {
        memcpy(moved, p, MIN(old_size, size));
        heap_free(p, old_size);
    }
    return moved;
}
