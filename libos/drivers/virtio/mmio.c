/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio over memory-mapped registers, version 2 and legacy version 1 (VIRTIO 1.2, 4.2). */
#include <u2k/errno.h>
#include <u2k/log.h>

#include "transport.h"

enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SELECT = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024,
    GUEST_PAGE_SIZE = 0x028, /* legacy */
    QUEUE_SELECT = 0x030,
    QUEUE_SIZE_MAX = 0x034,
    QUEUE_SIZE = 0x038,
    QUEUE_ALIGN = 0x03c, /* legacy */
    QUEUE_PFN = 0x040,   /* legacy */
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
    CONFIG = 0x100,
    REGISTERS_SIZE = 0x200,
};
enum { MAGIC_VALUE = 0x74726976, LEGACY_UNIT = 512, STATUS_CONFIGURATION = 2 };

static uint32_t get(struct virtio_device *d, unsigned reg)
{
    return *(volatile uint32_t *)(d->registers + reg);
}

static void put(struct virtio_device *d, unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)(d->registers + reg) = value;
}

static void put_address(struct virtio_device *d, unsigned reg, uint64_t address)
{
    put(d, reg, (uint32_t)address);
    put(d, reg + 4, (uint32_t)(address >> 32));
}

static void set_status(struct virtio_device *d, uint8_t status)
{
    put(d, STATUS, status);
    if (!status && d->legacy)
        put(d, GUEST_PAGE_SIZE, LEGACY_UNIT); /* rings are found by multiples of it */
}

static uint8_t status(struct virtio_device *d)
{
    return (uint8_t)get(d, STATUS);
}

static uint64_t features(struct virtio_device *d)
{
    put(d, DEVICE_FEATURES_SELECT, 0);
    uint64_t low = get(d, DEVICE_FEATURES);
    if (d->legacy)
        return low;
    put(d, DEVICE_FEATURES_SELECT, 1);
    return (uint64_t)get(d, DEVICE_FEATURES) << 32 | low;
}

static void accept(struct virtio_device *d, uint64_t bits)
{
    put(d, DRIVER_FEATURES_SELECT, 0);
    put(d, DRIVER_FEATURES, (uint32_t)bits);
    if (d->legacy)
        return;
    put(d, DRIVER_FEATURES_SELECT, 1);
    put(d, DRIVER_FEATURES, (uint32_t)(bits >> 32));
}

static uint32_t config(struct virtio_device *d, unsigned offset, unsigned bytes)
{
    volatile uint8_t *p = d->config_space + offset;

    return bytes == 1 ? *p : bytes == 2 ? *(volatile uint16_t *)p : *(volatile uint32_t *)p;
}

static int size(struct virtio_device *d, struct virtqueue *q)
{
    put(d, QUEUE_SELECT, q->index);
    q->size = (uint16_t)MIN(get(d, QUEUE_SIZE_MAX), (uint32_t)q->size);
    put(d, QUEUE_SIZE, q->size);
    return q->size ? 0 : -ENODEV;
}

static int queue(struct virtio_device *d, struct virtqueue *q)
{
    if (d->legacy) {
        put(d, QUEUE_ALIGN, RING_ALIGN);
        put(d, QUEUE_PFN, (uint32_t)(device_address(q->desc) / LEGACY_UNIT));
        return 0;
    }
    put_address(d, QUEUE_DESC, device_address(q->desc));
    put_address(d, QUEUE_DRIVER, device_address((const void *)(uintptr_t)q->avail));
    put_address(d, QUEUE_DEVICE, device_address((const void *)(uintptr_t)q->used));
    put(d, QUEUE_READY, 1);
    return 0;
}

static void notify(struct virtqueue *q)
{
    put(q->device, QUEUE_NOTIFY, q->index);
}

static int connect(struct virtio_device *d)
{
    return device_irq(&d->place, virtio_interrupt, d);
}

static bool acknowledge(struct virtio_device *d)
{
    uint32_t why = get(d, INTERRUPT_STATUS);

    put(d, INTERRUPT_ACK, why);
    return why & STATUS_CONFIGURATION;
}

static const struct virtio_transport transport = {
    .set_status = set_status,
    .status = status,
    .features = features,
    .accept = accept,
    .config = config,
    .size = size,
    .queue = queue,
    .notify = notify,
    .connect = connect,
    .acknowledge = acknowledge,
};

bool virtio_mmio_probe(const struct device_place *at, enum virtio_id id, struct virtio_device *out)
{
    out->registers = at->size >= REGISTERS_SIZE ? device_map(at->base, REGISTERS_SIZE) : NULL;
    if (!out->registers || get(out, MAGIC) != MAGIC_VALUE || get(out, DEVICE_ID) != (uint32_t)id)
        return false;
    uint32_t version = get(out, VERSION);
    if (version != 1 && version != 2) {
        log_warning("virtio device at %lx: version %u", (unsigned long)at->base, version);
        return false;
    }
    out->legacy = version == 1;
    out->config_space = out->registers + CONFIG;
    out->transport = &transport;
    return true;
}
