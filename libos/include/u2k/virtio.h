/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices (VIRTIO 1.2): finding and starting them over any transport, and split virtqueues.
 * Transports: mmio version 2 and 1 (legacy), PCI with modern capabilities and MSI-X.
 */
#ifndef U2K_VIRTIO_H
#define U2K_VIRTIO_H

#include <u2k/device.h>
#include <u2k/types.h>

enum virtio_id { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_RNG = 4 };

#define VIRTIO_F_INDIRECT (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

#define VIRTQUEUE_MAX 256 /* descriptors */

struct virtio_device;
struct virtqueue;

struct virtio_transport {
    void (*set_status)(struct virtio_device *d, uint8_t status);
    uint8_t (*status)(struct virtio_device *d);
    uint64_t (*features)(struct virtio_device *d);
    void (*accept)(struct virtio_device *d, uint64_t features);
    uint32_t (*config)(struct virtio_device *d, unsigned offset, unsigned bytes);
    /* Select a queue: q->size becomes what the device has, or stays. Then where its rings are. */
    int (*size)(struct virtio_device *d, struct virtqueue *q);
    int (*queue)(struct virtio_device *d, struct virtqueue *q);
    void (*notify)(struct virtqueue *q);
    int (*connect)(struct virtio_device *d); /* its interrupt to virtio_interrupt() */
    bool (*acknowledge)(struct virtio_device *d); /* has the configuration changed, too? */
};

struct virtio_device {
    const struct virtio_transport *transport;
    struct device_place place;
    volatile uint8_t *registers; /* mmio: all; PCI: the common ones */
    volatile uint8_t *config_space;
    volatile uint8_t *notify_base; /* PCI */
    uint32_t notify_step;
    size_t notify_size;
    bool legacy;
    uint64_t features; /* agreed on */
    void (*interrupt)(void *arg);
    void (*changed)(
        void *arg); /* the configuration has; NULL: nobody cares. Set before virtio_start() */
    void *arg;
    char *ring_memory; /* what is left of a page for small rings */
    size_t ring_left;
};

/* The first device of a kind that nobody has taken. -ENODEV: there is none (any more). */
int virtio_find(enum virtio_id id, struct virtio_device *out);

/* The features of a device that was found, before it is started. */
uint64_t virtio_offered(struct virtio_device *d);

/* Reset, agree on features out of `wanted`, connect the interrupt to fn(arg). The queues come next,
 * then virtio_ready(). -EIO: the device does not agree. */
int virtio_start(struct virtio_device *d, uint64_t wanted, void (*fn)(void *), void *arg);
void virtio_ready(struct virtio_device *d);
uint32_t virtio_config(struct virtio_device *d, unsigned offset, unsigned bytes);

struct vq_desc {
    uint64_t address;
    uint32_t len;
    uint16_t flags, next;
};

/* What we know of a descriptor: not kept in memory that the device can change. */
struct vq_slot {
    void *token; /* of the buffer that starts here, while the device has it; else NULL */
    uint32_t room; /* bytes of it that the device may write */
    uint16_t next; /* descriptor of the same buffer, or of the free ones */
    uint16_t count; /* descriptors of the buffer that starts here */
};

/* A split queue. What the device writes into the rings is checked. Zeroed: a queue that is not there. */
struct virtqueue {
    struct virtio_device *device;
    uint16_t index, size;
    uint16_t free_count; /* descriptors that the device has not got */
    uint16_t free_head;
    uint16_t avail_next, avail_told, used_next;
    struct vq_slot *slots;
    struct vq_desc *desc;
    volatile uint16_t *avail; /* flags, idx, ring[size], the event index */
    volatile uint16_t *used; /* flags, idx, then pairs of uint32, the event index */
    volatile uint16_t *notify; /* PCI */
};

/* Queue `index` with at most `size` descriptors, a power of two up to 256. -ENOMEM, -ENODEV, -EIO. */
int virtqueue_start(struct virtio_device *d, unsigned index, unsigned size, struct virtqueue *q);

/* One piece of memory for the device (below 4 GiB long, at a library OS address). */
struct vq_piece {
    const void *at;
    uint32_t len;
};

/* Give the device a buffer, which virtqueue_take() will name by `token` (not NULL). The caller has seen that
 * free_count is enough. The device is told by virtqueue_kick(). */
void virtqueue_give(struct virtqueue *q, void *token, const void *buf, uint32_t len,
                    bool device_writes);

/* The same with `count` pieces, of which the device writes the last `written`; takes `count` descriptors. */
void virtqueue_give_pieces(struct virtqueue *q, void *token, const struct vq_piece *piece,
                           unsigned count, unsigned written);

/* The same with a table of `count` descriptors that the device reads, for one descriptor of the queue. Needs
 * VIRTIO_F_INDIRECT. Fill each of the table by vq_indirect(); it stays the caller's, until the buffer is taken. */
void virtqueue_give_table(struct virtqueue *q, void *token, const struct vq_desc *table,
                          unsigned count);
void vq_table_set(struct vq_desc *table, unsigned i, unsigned count, struct vq_piece piece);

void virtqueue_kick(struct virtqueue *q);
/* In any case, for a device that did not hear. */
void virtqueue_kick_again(struct virtqueue *q);
/* Whether the device waits to be told of entries that it has been given; for a moment after each kick it does. */
bool virtqueue_unheard(const struct virtqueue *q);

/* How many buffers the device has, or is done with but not taken. */
static inline unsigned virtqueue_given(const struct virtqueue *q)
{
    return (uint16_t)(q->avail_next - q->used_next);
}
/* Is there one that the device is done with? */
static inline bool virtqueue_pending(const struct virtqueue *q)
{
    return q->used[1] != q->used_next;
}
/* Take it: its token, and the bytes the device says it wrote, at most what was given. NULL: none. */
void *virtqueue_take(struct virtqueue *q, uint32_t *len);

/* Whether used buffers interrupt. After turning it on look at virtqueue_pending() again. */
void virtqueue_interrupts(struct virtqueue *q, bool on);
/* One interrupt when about `n` more have been used (without VIRTIO_F_EVENT_IDX: with the first). */
void virtqueue_interrupt_after(struct virtqueue *q, unsigned n);

#endif
