/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split virtqueues (VIRTIO 1.2, 2.7). Descriptor i always is buffer i: a queue is a set of numbered
 * slots, so there is no free list to corrupt.
 *
 * Order: CPU and device look at the same coherent memory. What is given must be visible before the
 * index that announces it, and the index before the device's wish for a notification is read (a full
 * barrier: a load after a store). Used entries are read after their index.
 */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "transport.h"

enum { DESC_WRITE = 2, AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1, RING_UNIT = 512 };

#define barrier_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define barrier_release() __atomic_thread_fence(__ATOMIC_RELEASE)

/* A ring of 16 takes 256 bytes of descriptors, 38 available, 134 used, each aligned to 64: one unit. */
_Static_assert(16 * VIRTQUEUE_MAX + 64 + 192 <= RING_UNIT, "a ring fits its unit");

static char *ring_memory(struct virtio_device *d)
{
    if (d->ring_left < RING_UNIT) {
        d->ring_memory = pages_alloc(1, PAGES_ZERO);
        d->ring_left = d->ring_memory ? PAGE_SIZE : 0;
        if (!d->ring_memory)
            return NULL;
    }
    char *ring = d->ring_memory;
    d->ring_memory += RING_UNIT;
    d->ring_left -= RING_UNIT;
    return ring;
}

int virtqueue_start(struct virtio_device *d, unsigned index, unsigned size, struct virtqueue *q)
{
    char *ring = ring_memory(d);

    if (!ring)
        return -ENOMEM;
    *q = (struct virtqueue){.device = d, .index = (uint16_t)index};
    q->size = (uint16_t)MIN(size, (unsigned)VIRTQUEUE_MAX);
    q->desc = (void *)ring;
    /* Legacy devices compute these addresses themselves, by the size (2.7.2, alignment 64). */
    int error = d->transport->size(d, q);
    if (!error && (!q->size || q->size & (q->size - 1)))
        error = -EIO;
    if (error)
        return error;
    q->avail = (void *)(ring + sizeof(struct vq_desc) * q->size);
    q->used = (void *)(ring + ALIGN_UP(sizeof(struct vq_desc) * q->size + 2 * (3u + q->size),
                                       (size_t)RING_ALIGN));
    error = d->transport->queue(d, q);
    if (!error)
        virtqueue_interrupts(q, true);
    return error;
}

void virtqueue_give(struct virtqueue *q, unsigned number, void *buf, uint32_t len,
                    bool device_writes)
{
    q->desc[number] = (struct vq_desc){
        .address = device_address(buf), .len = len, .flags = device_writes ? DESC_WRITE : 0};
    q->busy |= 1u << number;
    q->room[number] = device_writes ? len : 0;
    q->avail[2 + (q->avail_next & (q->size - 1))] = (uint16_t)number;
    q->avail_next++;
    barrier_release();
    q->avail[1] = q->avail_next;
}

void virtqueue_kick(struct virtqueue *q)
{
    barrier_full();
    if (!(q->used[0] & USED_NO_NOTIFY))
        q->device->transport->notify(q);
}

bool virtqueue_pending(const struct virtqueue *q)
{
    return q->used[1] != q->used_next;
}

int virtqueue_take(struct virtqueue *q, uint32_t *len)
{
    while (virtqueue_pending(q)) {
        barrier_acquire();
        const volatile uint32_t *entry =
            (const volatile uint32_t *)(q->used + 2) + 2 * (q->used_next & (q->size - 1));
        uint32_t number = entry[0], bytes = entry[1];
        q->used_next++;
        if (number >= q->size || !(q->busy & 1u << number))
            continue; /* not one of ours: the device is broken or hostile */
        q->busy &= ~(1u << number);
        *len = MIN(bytes, q->room[number]);
        return (int)number;
    }
    return -1;
}

void virtqueue_interrupts(struct virtqueue *q, bool on)
{
    q->avail[0] = on ? 0 : AVAIL_NO_INTERRUPT;
    barrier_full();
}
