/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio over PCI (VIRTIO 1.2, 4.1): the modern interface, which transitional devices have too, with
 * one MSI-X message for everything. Devices without MSI-X or with the legacy interface only are
 * passed over, with a word in the log.
 */
#include <u2k/errno.h>
#include <u2k/log.h>

#include "transport.h"

enum {
    VENDOR_VIRTIO = 0x1af4,
    DEVICE_TRANSITIONAL = 0x1000, /* + 0 net, 1 block, 2 balloon, 3 console, 4 SCSI, 5 rng, 9 9p */
    DEVICE_MODERN = 0x1040, /* + virtio id */
    PCI_ID = 0x00,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM = 0x2e, /* the virtio id of a transitional device */
    PCI_CAPABILITIES = 0x34,
    COMMAND_MEMORY_MASTER = 6,
    STATUS_CAPABILITIES = 0x10,
    CAP_VENDOR = 9,
    CAP_MSIX = 0x11,
    MSIX_ENABLE = 0x8000,
    MSIX_LAST = 0x7ff, /* number of the last message */
    MSIX_ENTRY = 16,
    NO_VECTOR = 0xffff,
    CAPABILITIES_MAX = 48,
};
enum { CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_DEVICE = 4 };
enum { /* common configuration */
       FEATURE_SELECT = 0,
       FEATURES = 4,
       GUEST_FEATURE_SELECT = 8,
       GUEST_FEATURES = 12,
       CONFIG_VECTOR = 16,
       STATUS = 20,
       QUEUE_SELECT = 22,
       QUEUE_SIZE = 24,
       QUEUE_VECTOR = 26,
       QUEUE_ENABLE = 28,
       QUEUE_NOTIFY_OFFSET = 30,
       QUEUE_DESC = 32,
       QUEUE_DRIVER = 40,
       QUEUE_DEVICE = 48,
       COMMON_SIZE = 56,
};

static volatile uint8_t *reg8(struct virtio_device *d, unsigned r)
{
    return d->registers + r;
}
static volatile uint16_t *reg16(struct virtio_device *d, unsigned r)
{
    return (volatile uint16_t *)(d->registers + r);
}
static volatile uint32_t *reg32(struct virtio_device *d, unsigned r)
{
    return (volatile uint32_t *)(d->registers + r);
}

static void put_address(struct virtio_device *d, unsigned r, const volatile void *memory)
{
    uint64_t address = device_address((const void *)(uintptr_t)memory);

    *reg32(d, r) = (uint32_t)address;
    *reg32(d, r + 4) = (uint32_t)(address >> 32);
}

static void set_status(struct virtio_device *d, uint8_t status)
{
    *reg8(d, STATUS) = status;
    while (!status && *reg8(d, STATUS)) /* a reset is over when it reads 0 (4.1.4.3.2) */
        ;
}

static uint8_t status(struct virtio_device *d)
{
    return *reg8(d, STATUS);
}

static uint64_t features(struct virtio_device *d)
{
    *reg32(d, FEATURE_SELECT) = 0;
    uint64_t low = *reg32(d, FEATURES);
    *reg32(d, FEATURE_SELECT) = 1;
    return (uint64_t)*reg32(d, FEATURES) << 32 | low;
}

static void accept(struct virtio_device *d, uint64_t bits)
{
    for (unsigned i = 0; i < 2; i++) {
        *reg32(d, GUEST_FEATURE_SELECT) = i;
        *reg32(d, GUEST_FEATURES) = (uint32_t)(bits >> 32 * i);
    }
}

static uint32_t config(struct virtio_device *d, unsigned offset, unsigned bytes)
{
    volatile uint8_t *p = d->config_space + offset;

    if (!d->config_space)
        return 0;
    return bytes == 1 ? *p : bytes == 2 ? *(volatile uint16_t *)p : *(volatile uint32_t *)p;
}

static int size(struct virtio_device *d, struct virtqueue *q)
{
    *reg16(d, QUEUE_SELECT) = q->index;
    q->size = MIN(*reg16(d, QUEUE_SIZE), q->size);
    *reg16(d, QUEUE_SIZE) = q->size;
    size_t notify = (size_t)*reg16(d, QUEUE_NOTIFY_OFFSET) * d->notify_step;
    q->notify = (volatile uint16_t *)(d->notify_base + notify);
    return !q->size ? -ENODEV : notify + 2 > d->notify_size ? -EIO : 0;
}

static int queue(struct virtio_device *d, struct virtqueue *q)
{
    put_address(d, QUEUE_DESC, q->desc);
    put_address(d, QUEUE_DRIVER, q->avail);
    put_address(d, QUEUE_DEVICE, q->used);
    *reg16(d, QUEUE_VECTOR) = 0;
    if (*reg16(d, QUEUE_VECTOR) != 0)
        return -EIO; /* the device has no resources for it (4.1.5.1.2.2) */
    *reg16(d, QUEUE_ENABLE) = 1;
    return 0;
}

static void notify(struct virtqueue *q)
{
    *q->notify = q->index;
}

/* The capability at or after `from` in the list; 0: none. */
static unsigned next_capability(const struct device_place *at, unsigned from, unsigned id)
{
    for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
        from = pci_read(at, from, 1) & 0xfc;
        if (!from)
            return 0;
        if (pci_read(at, from, 1) == id)
            return from;
        from++; /* where the next pointer is */
    }
    return 0;
}

static volatile uint8_t *map_bar(const struct device_place *at, unsigned bar, uint32_t offset,
                                 uint32_t len)
{
    uint32_t low = bar < 6 ? pci_read(at, PCI_BAR0 + 4 * bar, 4) : 1;

    if (low & 1 || offset + len < offset)
        return NULL;
    uint64_t base = low & 0xfffffff0u;
    if ((low & 6) == 4 && bar < 5)
        base |= (uint64_t)pci_read(at, PCI_BAR0 + 4 * bar + 4, 4) << 32;
    return base ? device_map(base + offset, len) : NULL;
}

/* The message of this table entry calls `fn`. */
static bool connect_message(struct virtio_device *d, volatile uint32_t *entry, void (*fn)(void *))
{
    uint64_t address;
    uint32_t data;

    if (!entry || device_message(fn, d, &address, &data) < 0)
        return false;
    entry[0] = (uint32_t)address;
    entry[1] = (uint32_t)(address >> 32);
    entry[2] = data;
    entry[3] = 0; /* not masked */
    return true;
}

/* All queues share message 0; changes of the configuration have message 1, or none where nobody cares. */
static int connect(struct virtio_device *d)
{
    const struct device_place *at = &d->place;
    unsigned cap = next_capability(at, PCI_CAPABILITIES, CAP_MSIX);
    unsigned last = cap ? pci_read(at, cap + 2, 2) & MSIX_LAST : 0;
    uint32_t where = cap ? pci_read(at, cap + 4, 4) : 0;
    uint32_t len = MSIX_ENTRY * (last ? 2u : 1u);
    volatile uint32_t *table = cap ? (void *)map_bar(at, where & 7, where & ~7u, len) : NULL;

    if (!connect_message(d, table, virtio_interrupt)) {
        log_warning("virtio device at %lx: no MSI-X: not used", (unsigned long)at->base);
        return -ENODEV;
    }
    bool told =
        d->changed && last && connect_message(d, table + MSIX_ENTRY / 4, virtio_config_interrupt);
    pci_write(at, cap + 2, 2, pci_read(at, cap + 2, 2) | MSIX_ENABLE);
    *reg16(d, CONFIG_VECTOR) = told ? 1 : NO_VECTOR;
    return 0;
}

static bool acknowledge(struct virtio_device *d)
{
    (void)d; /* messages need none, and say what they are of */
    return false;
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

static bool is_kind(const struct device_place *at, enum virtio_id id)
{
    uint32_t ids = pci_read(at, PCI_ID, 4), device = ids >> 16;

    if ((ids & 0xffff) != VENDOR_VIRTIO)
        return false;
    if (device >= DEVICE_MODERN)
        return device == (uint32_t)DEVICE_MODERN + id;
    return device >= DEVICE_TRANSITIONAL && pci_read(at, PCI_SUBSYSTEM, 2) == (uint32_t)id;
}

bool virtio_pci_probe(const struct device_place *at, enum virtio_id id, struct virtio_device *out)
{
    if (!is_kind(at, id) || !(pci_read(at, PCI_STATUS, 2) & STATUS_CAPABILITIES))
        return false;
    pci_write(at, PCI_COMMAND, 2, pci_read(at, PCI_COMMAND, 2) | COMMAND_MEMORY_MASTER);
    unsigned cap = PCI_CAPABILITIES;
    for (unsigned i = 0; i < CAPABILITIES_MAX; i++, cap++) {
        cap = next_capability(at, cap, CAP_VENDOR);
        if (!cap)
            break;
        unsigned type = pci_read(at, cap + 3, 1), bar = pci_read(at, cap + 4, 1);
        uint32_t offset = pci_read(at, cap + 8, 4), len = pci_read(at, cap + 12, 4);
        if (type == CFG_COMMON && len >= COMMON_SIZE && !out->registers)
            out->registers = map_bar(at, bar, offset, len);
        if (type == CFG_DEVICE && !out->config_space)
            out->config_space = map_bar(at, bar, offset, len);
        if (type == CFG_NOTIFY && !out->notify_base) {
            out->notify_base = map_bar(at, bar, offset, len);
            out->notify_size = len;
            out->notify_step = pci_read(at, cap + 16, 4);
        }
    }
    if (!out->registers || !out->notify_base) {
        log_warning("virtio device at %lx: legacy interface only: not used",
                    (unsigned long)at->base);
        return false;
    }
    out->transport = &transport;
    return true;
}
