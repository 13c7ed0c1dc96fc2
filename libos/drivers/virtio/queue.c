/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split virtqueues (VIRTIO 1.2, 2.7). Which descriptors are free and which belong together stands in
 * slots[], not in the descriptors, so that there is nothing for a device to corrupt.
 *
 * Order: CPU and device look at the same coherent memory. What is given must be visible before the
 * index that announces it, and the index before the device's wish for a notification is read (a full
 * barrier: a load after a store). Used entries are read after their index.
 */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "transport.h"

enum {
    DESC_NEXT = 1,
    DESC_WRITE = 2,
    DESC_INDIRECT = 4,
    AVAIL_NO_INTERRUPT = 1,
    USED_NO_NOTIFY = 1
};

#define barrier_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define barrier_release() __atomic_thread_fence(__ATOMIC_RELEASE)

enum {
    RING_UNIT = 512
}; /* what legacy devices count ring addresses in (mmio.c), so rings start there */

/* The rings of small queues share pages. */
static char *ring_memory(struct virtio_device *d, size_t bytes)
{
    bytes = ALIGN_UP(bytes, (size_t)RING_UNIT);
    if (bytes >= PAGE_SIZE)
        return pages_alloc((bytes + PAGE_MASK) >> PAGE_SHIFT, PAGES_ZERO);
    if (d->ring_left < bytes) {
        d->ring_memory = pages_alloc(1, PAGES_ZERO);
        d->ring_left = d->ring_memory ? PAGE_SIZE : 0;
        if (!d->ring_memory)
            return NULL;
    }
    char *ring = d->ring_memory;
    d->ring_memory += bytes;
    d->ring_left -= bytes;
    return ring;
}

int virtqueue_start(struct virtio_device *d, unsigned index, unsigned size, struct virtqueue *q)
{
    *q = (struct virtqueue){.device = d, .index = (uint16_t)index};
    q->size = (uint16_t)MIN(size, (unsigned)VIRTQUEUE_MAX);
    int error = d->transport->size(d, q);
    if (!error && (!q->size || q->size & (q->size - 1)))
        error = -EIO;
    if (error)
        return error;
    /* Legacy devices compute these addresses themselves, by the size (2.7.2, alignment 64). */
    size_t avail = sizeof(struct vq_desc) * q->size;
    size_t used = ALIGN_UP(avail + 2 * (3u + q->size), (size_t)RING_ALIGN);
    char *ring = ring_memory(d, used + 8u * q->size + 6);
    q->slots = heap_alloc(q->size * sizeof(*q->slots));
    if (!ring || !q->slots)
        return -ENOMEM; /* the driver gives up: its device has no other use for them */
    q->desc = (void *)ring;
    q->avail = (void *)(ring + avail);
    q->used = (void *)(ring + used);
    q->free_count = q->size;
    for (unsigned i = 0; i < q->size; i++)
        q->slots[i].next = (uint16_t)(i + 1);
    error = d->transport->queue(d, q);
    if (!error)
        virtqueue_interrupts(q, true);
    return error;
}

/* ---- giving ---- */

/* The next free descriptor, filled; it is the caller's to announce. */
static ALWAYS_INLINE unsigned place(struct virtqueue *q, const void *at, uint32_t len,
                                    unsigned flags)
{
    unsigned i = q->free_head;

    q->free_head = q->slots[i].next;
    q->free_count--;
    q->desc[i] = (struct vq_desc){
        .address = device_address(at), .len = len, .flags = (uint16_t)flags, .next = q->free_head};
    return i;
}

static ALWAYS_INLINE void publish(struct virtqueue *q, unsigned head)
{
    q->avail[2 + (q->avail_next & (q->size - 1))] = (uint16_t)head;
    q->avail_next++;
    barrier_release();
    q->avail[1] = q->avail_next;
}

static ALWAYS_INLINE void announce(struct virtqueue *q, unsigned head, unsigned count,
                                   uint32_t room, void *token)
{
    struct vq_slot *s = &q->slots[head];

    s->token = token;
    s->room = room;
    s->count = (uint16_t)count;
    publish(q, head);
}

/* By far the most frequent, so it is written out. */
void virtqueue_give(struct virtqueue *q, void *token, const void *buf, uint32_t len,
                    bool device_writes)
{
    unsigned head = q->free_head;
    struct vq_slot *s = &q->slots[head];
    struct vq_desc *d = &q->desc[head];

    d->address = device_address(buf);
    d->len = len;
    d->flags = device_writes ? DESC_WRITE : 0;
    s->token = token;
    s->room = device_writes ? len : 0;
    s->count = 1;
    q->free_head = s->next;
    q->free_count--;
    publish(q, head);
}

void virtqueue_give_pieces(struct virtqueue *q, void *token, const struct vq_piece *piece,
                           unsigned count, unsigned written)
{
    unsigned head = q->free_head;
    uint32_t room = 0;

    for (unsigned i = 0; i < count; i++) {
        bool write = i + written >= count;
        place(q, piece[i].at, piece[i].len,
              (write ? DESC_WRITE : 0u) | (i + 1 < count ? DESC_NEXT : 0u));
        room += write ? piece[i].len : 0;
    }
    announce(q, head, count, room, token);
}

void vq_table_set(struct vq_desc *table, unsigned i, unsigned count, struct vq_piece piece)
{
    table[i] = (struct vq_desc){.address = device_address(piece.at),
                                .len = piece.len,
                                .flags = i + 1 < count ? DESC_NEXT : 0,
                                .next = (uint16_t)(i + 1)};
}

void virtqueue_give_table(struct virtqueue *q, void *token, const struct vq_desc *table,
                          unsigned count)
{
    unsigned head = place(q, table, count * (uint32_t)sizeof(*table), DESC_INDIRECT);

    announce(q, head, 1, 0, token);
}

/* ---- notifications: a flag each way, or with VIRTIO_F_EVENT_IDX the index that is waited for (2.7.7, 2.7.10) ---- */

static bool has_event_index(const struct virtqueue *q)
{
    return q->device->features & VIRTIO_F_EVENT_IDX;
}

/* Is the device, which has been told of entries up to `told`, to be told of those up to `now`? */
OPTIONAL bool virtqueue_event_due(const struct virtqueue *q, uint16_t now, uint16_t told)
{
    uint16_t event = q->used[2 + 4 * q->size];

    return (uint16_t)(now - event - 1) < (uint16_t)(now - told);
}

OPTIONAL void virtqueue_event_at(struct virtqueue *q, uint16_t used)
{
    q->avail[2 + q->size] = used;
}

IF_LINKED(part_virtio_net, virtqueue_event_due, unlinked_nothing);
IF_LINKED(part_virtio_net, virtqueue_event_at, unlinked_nothing);

/* A device that has done all that it was told of is about to wait, and may do so before it sees what is new: QEMU
 * before 8.1 leaves out the barriers of a single emulated CPU (its commit c914d46d0a64), so that ours is none. */
void virtqueue_kick(struct virtqueue *q)
{
    uint16_t told = q->avail_told;

    q->avail_told = q->avail_next;
    barrier_full();
    if (has_event_index(q) ? virtqueue_event_due(q, q->avail_next, told) ||
                                 (q->used[1] == told && told != q->avail_next)
                           : !(q->used[0] & USED_NO_NOTIFY))
        virtqueue_kick_again(q);
}

void virtqueue_kick_again(struct virtqueue *q)
{
    q->device->transport->notify(q);
}

bool virtqueue_unheard(const struct virtqueue *q)
{
    uint16_t done = q->used[1];

    return has_event_index(q) && done == q->used[2 + 4 * q->size] && done != q->avail_next;
}

void virtqueue_interrupts(struct virtqueue *q, bool on)
{
    if (has_event_index(
            q)) /* an index that has passed comes again after 65536 buffers: one too many */
        virtqueue_event_at(q, on ? q->used_next : (uint16_t)(q->used_next - 1));
    else
        q->avail[0] = on ? 0 : AVAIL_NO_INTERRUPT;
    barrier_full();
}

void virtqueue_interrupt_after(struct virtqueue *q, unsigned n)
{
    if (!has_event_index(q)) {
        virtqueue_interrupts(q, true);
        return;
    }
    virtqueue_event_at(q, (uint16_t)(q->used_next + n - 1));
    barrier_full();
}

/* ---- taking ---- */

void *virtqueue_take(struct virtqueue *q, uint32_t *len)
{
    while (virtqueue_pending(q)) {
        barrier_acquire();
        const volatile uint32_t *entry =
            (const volatile uint32_t *)(q->used + 2) + 2 * (q->used_next & (q->size - 1));
        uint32_t head = entry[0], bytes = entry[1];
        q->used_next++;
        if (head >= q->size || !q->slots[head].token)
            continue; /* not one of ours: the device is broken or hostile */
        struct vq_slot *first = &q->slots[head], *last = first;
        void *token = first->token;
        first->token = NULL;
        *len = MIN(bytes, first->room);
        for (unsigned i = 1; i < first->count; i++)
            last = &q->slots[last->next];
        last->next = q->free_head;
        q->free_head = (uint16_t)head;
        q->free_count = (uint16_t)(q->free_count + first->count);
        return token;
    }
    return NULL;
}
