/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a device and starting it (VIRTIO 1.2, 3.1). */
#include <u2k/errno.h>
#include <u2k/log.h>

#include "transport.h"

enum { STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8 };
enum { TAKEN_MAX = 32 };

static uint64_t taken[TAKEN_MAX];
static unsigned taken_count;

static bool is_taken(const struct device_place *at)
{
    for (unsigned i = 0; i < taken_count; i++)
        if (taken[i] == at->base)
            return true;
    return false;
}

int virtio_find(enum virtio_id id, struct virtio_device *out)
{
    struct device_place at;

    for (unsigned i = 0; device_place(i, &at); i++) {
        *out = (struct virtio_device){.place = at};
        if (is_taken(&at) || taken_count == TAKEN_MAX)
            continue;
        if (at.bus == DEVICE_MMIO ? virtio_mmio_probe(&at, id, out)
                                  : virtio_pci_probe(&at, id, out)) {
            taken[taken_count++] = at.base;
            return 0;
        }
    }
    return -ENODEV;
}

void virtio_interrupt(void *device)
{
    struct virtio_device *d = device;

    bool changed = d->transport->acknowledge(d);

    if (device_ending)
        return;
    if (changed && d->changed)
        d->changed(d->arg);
    d->interrupt(d->arg);
}

void virtio_config_interrupt(void *device)
{
    struct virtio_device *d = device;

    if (!device_ending)
        d->changed(d->arg);
}

uint64_t virtio_offered(struct virtio_device *d)
{
    return d->transport->features(d);
}

int virtio_start(struct virtio_device *d, uint64_t wanted, void (*fn)(void *), void *arg)
{
    const struct virtio_transport *t = d->transport;
    uint8_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

    d->interrupt = fn;
    d->arg = arg;
    t->set_status(d, 0);
    t->set_status(d, status);
    d->features = t->features(d) & (wanted | (d->legacy ? 0 : VIRTIO_F_VERSION_1));
    t->accept(d, d->features);
    if (!d->legacy) {
        status |= STATUS_FEATURES_OK;
        t->set_status(d, status);
        if (!(d->features & VIRTIO_F_VERSION_1) || !(t->status(d) & STATUS_FEATURES_OK)) {
            log_error("virtio device at %lx: refuses features %lx", (unsigned long)d->place.base,
                      (unsigned long)d->features);
            return -EIO;
        }
    }
    return t->connect(d);
}

void virtio_ready(struct virtio_device *d)
{
    d->transport->set_status(d, d->transport->status(d) | STATUS_DRIVER_OK);
}

uint32_t virtio_config(struct virtio_device *d, unsigned offset, unsigned bytes)
{
    return d->transport->config(d, offset, bytes);
}
