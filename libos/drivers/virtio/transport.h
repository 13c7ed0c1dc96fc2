/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_TRANSPORT_H
#define VIRTIO_TRANSPORT_H

#include <u2k/virtio.h>

enum { RING_ALIGN = 64 }; /* of the used ring, as legacy devices are told */

/* Is a device of this kind at the place? Fills registers and transport. */
bool virtio_mmio_probe(const struct device_place *at, enum virtio_id id, struct virtio_device *out);
bool virtio_pci_probe(const struct device_place *at, enum virtio_id id, struct virtio_device *out);

void virtio_interrupt(void *device);
void virtio_config_interrupt(
    void *device); /* where changes of the configuration have one of their own */

#endif
