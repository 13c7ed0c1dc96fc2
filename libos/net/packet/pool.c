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
static ALWAYS_INLINE void put_free(struct packet *p)
{
    p->refs = 0;
    list_push_front(&free_list, &p->link);
    free_count++;
}

void packet_start(void)
{
    if (!packet_memory_max)
        packet_memory_max = MAX(pages_total_count() * PAGE_SIZE / SHARE, (size_t)LEAST);
}

static COLD bool may_take(size_t n)
{
    packet_start();
    return packet_memory + n <= packet_memory_max;
}

static COLD bool refill(void)
{
    char *page = pages_alloc(1, PAGES_ANY);

    if (!page)
        return false;
    put_free((void *)(page + PACKET_SIZE));
    put_free((void *)page);
    return true;
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

/* All but the addresses and the owner's notes, which nobody reads before they are written. */
static ALWAYS_INLINE void begin(struct packet *p, size_t headroom, uint32_t room)
{
    list_init(&p->link);
    p->next = NULL;
    p->data = (uint8_t *)(p + 1) + headroom;
    p->len = 0;
    p->total = 0;
    p->refs = 1;
    p->flags = 0;
    p->csum_offset = 0;
    p->csum_start = NULL;
    p->network = NULL;
    p->transport = NULL;
    p->dev = NULL;
    p->gso_size = 0;
    p->gso = GSO_NONE;
    p->protocol = 0;
    p->ttl = 0;
    p->tos = 0;
    p->ethertype = 0;
    p->time = 0;
    p->slices = NULL;
    p->slice_count = 0;
    p->slice_max = 0;
    p->room = room;
    p->release = NULL;
    packet_memory += room;
}

static COLD struct packet *new_large(size_t headroom, size_t size)
{
    if (size > UINT32_MAX / 2)
        return NULL;
    size = ALIGN_UP(size, PAGE_SIZE);
    struct packet *p = may_take(size) ? pages_alloc(size >> PAGE_SHIFT, PAGES_ANY) : NULL;
    if (p)
        begin(p, headroom, (uint32_t)size);
    return p;
}

struct packet *packet_new(size_t headroom, size_t room)
{
    struct packet *p;

    if (UNLIKELY(headroom + room > PACKET_ROOM))
        return new_large(headroom, sizeof(struct packet) + headroom + room);
    if (UNLIKELY(packet_memory + PACKET_SIZE > packet_memory_max) && !may_take(PACKET_SIZE))
        return NULL;
    if (UNLIKELY(list_empty(&free_list)) && !refill())
        return NULL;
    p = LIST_ENTRY(free_list.next, struct packet, link);
    free_list.next = p->link.next;
    free_list.next->prev = &free_list;
    free_count--;
    begin(p, headroom, PACKET_SIZE);
    return p;
}

struct packet *packet_new_sliced(size_t headroom, size_t room, unsigned slices)
{
    struct packet *p = packet_new(headroom, room + slices * sizeof(struct slice));

    if (p && slices) {
        p->slices = (struct slice *)(void *)((char *)p + p->room) - slices;
        p->slice_max = (uint16_t)slices;
    }
    return p;
}

static COLD void free_chain(struct packet *p)
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

void packet_free(struct packet *p)
{
    if (UNLIKELY(!p || p->refs != 1 || p->next || p->slice_count || p->release ||
                 p->room != PACKET_SIZE || free_count >= KEPT)) {
        free_chain(p);
        return;
    }
    packet_memory -= PACKET_SIZE;
    put_free(p);
}
