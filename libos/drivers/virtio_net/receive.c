/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving. The first frame interrupts; then all that have come are passed on as one batch, and the interrupt is
 * armed again behind the last. A batch is bounded, so that a flood leaves the program its time: the rest waits for a
 * short while, or until the program has nothing to do and asks (poll).
 *
 * The ring stays full: a frame is passed on when another buffer has taken its place. Without memory for that frames
 * are passed on as long as a reserve is left, since what they acknowledge may free memory; then they are dropped.
 */
#include "net.h"

enum { BUDGET = 64, PAUSE = 100000 /* ns */, NO_MEMORY_PAUSE = 10000000 };

static bool give_new(struct net *n)
{
    struct packet *p = packet_new(0, n->rx_room);

    if (p)
        virtqueue_give(&n->rx, p, p->data, (uint32_t)n->rx_room, true);
    return p;
}

static void work_again(struct timer *t)
{
    struct net *n = CONTAINER_OF(t, struct net, again);

    net_refill(n);
    net_interrupt(n);
}

void net_refill(struct net *n)
{
    while (n->rx.free_count && give_new(n))
        ;
    virtqueue_kick(&n->rx);
    if (UNLIKELY(
            n->rx
                .free_count)) /* a device may wait for more than it has, with no interrupt to come */
        timer_set(&n->again, clock_monotonic() + NO_MEMORY_PAUSE, work_again);
}

/* The offloads that the device tells of. Its checksum is as good as verified: a packet that needs one has never been
 * on a wire, and no other is announced without GUEST_CSUM. */
static void read_header(const struct net *n, struct packet *p, const struct net_header *h)
{
    uint8_t gso = h->gso_type & (uint8_t)~HEADER_GSO_ECN;

    if (h->flags & (HEADER_NEEDS_CSUM | HEADER_DATA_VALID) && n->device.features & NET_F_GUEST_CSUM)
        p->flags = PACKET_CHECKED;
    if (gso == HEADER_GSO_TCP4 || gso == HEADER_GSO_TCP6) {
        p->gso = gso == HEADER_GSO_TCP4 ? GSO_TCP4 : GSO_TCP6;
        p->gso_size = h->gso_size;
    }
}

/* The further buffers of a frame are used together with its first (5.1.6.4). */
static bool merge(struct net *n, struct packet *p, unsigned count)
{
    struct packet *last = p;

    for (; count; count--) {
        uint32_t len;
        struct packet *next = virtqueue_take(&n->rx, &len);
        if (!next)
            return false;
        next->len = len;
        p->total += len;
        last = last->next = next;
    }
    return true;
}

static void receive(struct net *n, struct packet *p, uint32_t len)
{
    const struct net_header *h = (const void *)p->data;
    bool whole = len >= n->header_size;

    p->data += n->header_size;
    p->len = p->total = whole ? len - n->header_size : 0;
    if (whole && n->device.features & NET_F_MRG_RXBUF && h->buffers > 1)
        whole = merge(n, p, h->buffers - 1u);
    bool dropped = false;
    while (n->rx.free_count && !dropped)
        dropped = !give_new(n);
    if (!whole) {
        n->dev.stats.rx_errors++;
    } else if (dropped && n->rx.free_count > n->rx.size - n->rx.size / 4) {
        n->dev.stats.rx_dropped++;
    } else {
        read_header(n, p, h);
        netdev_receive(&n->dev, p);
        return;
    }
    packet_free(p);
}

/* Pass on what is there, at most BUDGET frames: true if all is done. */
static bool batch(struct net *n)
{
    struct packet *p;
    uint32_t len;
    unsigned left = BUDGET;

    while (left && (p = virtqueue_take(&n->rx, &len)) != NULL) {
        receive(n, p, len);
        left--;
    }
    net_refill(n);
    netdev_received(&n->dev);
    return left;
}

void net_interrupt(void *net)
{
    struct net *n = net;

    n->roused = false;
    net_reclaim(n);
    virtqueue_interrupts(&n->rx, false);
    while (batch(n)) {
        virtqueue_interrupts(&n->rx, true);
        if (!virtqueue_pending(&n->rx))
            return;
        virtqueue_interrupts(&n->rx, false);
    }
    timer_set(&n->again, clock_monotonic() + PAUSE, work_again);
}

bool net_poll_device(struct netdev *dev)
{
    struct net *n = dev->priv;

    if (!virtqueue_pending(&n->rx)) {
        net_reclaim(n);
        if (UNLIKELY(virtqueue_unheard(&n->rx)) && !n->roused) {
            n->roused = true;
            virtqueue_kick_again(&n->rx);
        }
        return false;
    }
    net_interrupt(n);
    return true;
}
