/* SPDX-License-Identifier: Apache-2.0 */
/* The control queue (VIRTIO 1.2, 5.1.6.5): frames for others are wanted, or no more. */
#include <u2k/log.h>

#include "net.h"

enum { CLASS_RX = 0, RX_PROMISCUOUS = 0, ANSWER_OK = 0, PATIENCE = 1000000000 };

/* The device answers at once: QEMU while it is told, others within microseconds. */
void net_promiscuous(struct netdev *dev, bool on)
{
    struct net *n = dev->priv;
    uint8_t *c = n->command;
    uint32_t len;
    uint64_t give_up = clock_monotonic() + PATIENCE;
    const struct vq_piece piece[] = {{c, 2}, {c + 2, 1}, {c + 3, 1}};

    if (n->control.free_count < ARRAY_SIZE(piece))
        return; /* it has not answered the last one */
    c[0] = CLASS_RX;
    c[1] = RX_PROMISCUOUS;
    c[2] = on;
    c[3] = !ANSWER_OK;
    virtqueue_give_pieces(&n->control, c, piece, ARRAY_SIZE(piece), 1);
    virtqueue_kick(&n->control);
    while (!virtqueue_take(&n->control, &len) && clock_monotonic() < give_up)
        ;
    if (c[3] != ANSWER_OK)
        log_warning("%s: promiscuous mode cannot be changed", dev->name);
}
