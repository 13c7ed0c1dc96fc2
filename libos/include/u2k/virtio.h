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

#define VIRTIO_F_VERSION_1 (1ull << 32)

#define VIRTQUEUE_MAX 16

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
    void (*acknowledge)(struct virtio_device *d);
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
    void *arg;
    char *ring_memory; /* what is left of a page for small rings */
    size_t ring_left;
};

/* The first device of a kind that nobody has taken. -ENODEV: there is none (any more). */
int virtio_find(enum virtio_id id, struct virtio_device *out);

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

/* A queue of at most VIRTQUEUE_MAX buffers, each in one piece. What the device writes into the rings
 * is checked; our own bookkeeping is not kept in memory that it can change. */
struct virtqueue {
    struct virtio_device *device;
    uint16_t index, size;
    struct vq_desc *desc;
    volatile uint16_t *avail; /* flags, idx, ring[size] */
    volatile uint16_t *used; /* flags, idx, then pairs of uint32 */
    volatile uint16_t *notify; /* PCI */
    uint16_t avail_next, used_next;
    uint32_t busy; /* bit i: descriptor i is with the device */
    uint32_t room[VIRTQUEUE_MAX];
};

/* Queue `index` with at most `size` buffers, a power of two. */
int virtqueue_start(struct virtio_device *d, unsigned index, unsigned size, struct virtqueue *q);

/* Give a buffer under a number below size that is not busy. The device is told by virtqueue_kick(). */
void virtqueue_give(struct virtqueue *q, unsigned number, void *buf, uint32_t len,
                    bool device_writes);
void virtqueue_kick(struct virtqueue *q);

/* Is there one that the device is done with? */
bool virtqueue_pending(const struct virtqueue *q);
/* Take it: its number, and the bytes the device says it wrote, at most what was given. -1: none. */
int virtqueue_take(struct virtqueue *q, uint32_t *len);
/* Whether used buffers interrupt. After turning it on look at virtqueue_pending() again. */
void virtqueue_interrupts(struct virtqueue *q, bool on);

#endif
