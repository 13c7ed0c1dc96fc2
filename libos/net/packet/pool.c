/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where packets come from. Common buffers are halves of pages, kept on a free list; beyond a number of free ones
 * a page whose halves are both free goes back. Larger packets are whole pages of their own.
 */
#include <u2k/packet.h>
#include <u2k/pages.h>
#include <u2k/string.h>

enum {
    KEPT = 256, /* free buffers that stay here: half a megabyte */
    SHARE = 4, /* packets take at most this part of all memory */
    LEAST = 1 << 20,
};

size_t packet_memory, packet_memory_max;

static struct list free_list = LIST_INIT(free_list);
static unsigned free_count;

/* A buffer is free if nobody owns it: refs is 0 then, and link in the free list. */
static void put_free(struct packet *p)
{
    p->refs = 0;
    list_push_front(&free_list, &p->link);
    free_count++;
}

static bool may_take(size_t n)
{
    if (UNLIKELY(!packet_memory_max))
        packet_memory_max = MAX(pages_total_count() * PAGE_SIZE / SHARE, (size_t)LEAST);
    return packet_memory + n <= packet_memory_max;
}

static struct packet *take_common(void)
{
    if (UNLIKELY(list_empty(&free_list))) {
        char *page = pages_alloc(1, PAGES_ANY);
        if (!page)
            return NULL;
        put_free((void *)(page + PACKET_SIZE));
        put_free((void *)page);
    }
    struct packet *p = LIST_ENTRY(free_list.next, struct packet, link);
    list_remove(&p->link);
    free_count--;
    return p;
}

static void give_common(struct packet *p)
{
    struct packet *other = (void *)((uintptr_t)p ^ PACKET_SIZE);

    if (LIKELY(free_count < KEPT || other->refs)) {
        put_free(p);
        return;
    }
    list_remove(&other->link);
    free_count--;
    pages_free((void *)((uintptr_t)p & ~PAGE_MASK), 1);
}

static void give_back(struct packet *p)
{
    packet_memory -= p->room;
    if (LIKELY(p->room == PACKET_SIZE))
        give_common(p);
    else
        pages_free(p, p->room >> PAGE_SHIFT);
}

struct packet *packet_new_sliced(size_t headroom, size_t room, unsigned slices)
{
    size_t size = sizeof(struct packet) + headroom + room + slices * sizeof(struct slice);
    struct packet *p;

    if (LIKELY(size <= PACKET_SIZE)) {
        size = PACKET_SIZE;
        p = may_take(size) ? take_common() : NULL;
    } else {
        if (size > UINT32_MAX / 2)
            return NULL;
        size = ALIGN_UP(size, PAGE_SIZE);
        p = may_take(size) ? pages_alloc(size >> PAGE_SHIFT, PAGES_ANY) : NULL;
    }
    if (UNLIKELY(!p))
        return NULL;
    packet_memory += size;
    memset(p, 0, sizeof(*p));
    list_init(&p->link);
    p->data = (uint8_t *)(p + 1) + headroom;
    p->refs = 1;
    p->room = (uint32_t)size;
    if (slices) {
        p->slices = (struct slice *)(void *)((char *)p + size) - slices;
        p->slice_max = (uint16_t)slices;
    }
    return p;
}

struct packet *packet_new(size_t headroom, size_t room)
{
    return packet_new_sliced(headroom, room, 0);
}

void packet_free(struct packet *p)
{
    while (p && --p->refs == 0) {
        struct packet *next = p->next;
        for (unsigned i = 0; i < p->slice_count; i++)
            packet_free(p->slices[i].of);
        if (UNLIKELY(p->release != NULL))
            p->release(p); /* memory that packet_new() did not count */
        else
            give_back(p);
        p = next;
    }
}
