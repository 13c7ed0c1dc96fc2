/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending, in place: the device reads headers, buffers and slices where they are, and the packet is kept until it is
 * done. Nobody waits for that: what was sent is reclaimed with the next packets, sent or received. Only where the
 * ring is full, or a packet is the last for a while, an interrupt tells.
 */
#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#include "net.h"

enum {
    IN_RING = 4, /* descriptors: a packet of more pieces has a table of its own */
    PIECES_MAX = 64, /* of more is made one */
    BACKLOG_MAX = 512,
    TIDY_AFTER = 50000000, /* ns */
};

/* A packet of many pieces; the ring's token is its address + 1. */
struct table {
    struct packet *packet;
    uint32_t count, unused;
    struct vq_desc desc[];
};

/* A packet that found the ring full, as it was then: its other owners may go on with it. */
struct waiting {
    struct list link;
    struct packet *packet;
    uint32_t count, unused;
    struct vq_piece piece[];
};

static size_t waiting_size(unsigned count)
{
    return sizeof(struct waiting) + count * sizeof(struct vq_piece);
}

static size_t table_size(unsigned count)
{
    return sizeof(struct table) + count * sizeof(struct vq_desc);
}

static unsigned piece_count(const struct packet *p)
{
    unsigned count = p->slice_count;

    for (const struct packet *b = p; b; b = b->next)
        count++;
    return count;
}

/* Into the headroom, which is nobody's: the packet itself stays as it is, for it may have other owners. */
static void write_header(const struct net *n, const struct packet *p)
{
    struct net_header *h = (void *)(p->data - n->header_size);
    bool sum = p->flags & PACKET_SUM_WANTED;

    h->flags = sum ? HEADER_NEEDS_CSUM : 0;
    h->gso_type = 0;
    h->header_len = 0;
    h->gso_size = 0;
    h->csum_start = sum ? (uint16_t)(p->csum_start - p->data) : 0;
    h->csum_offset = sum ? p->csum_offset : 0;
    if (n->header_size == HEADER_SIZE)
        h->buffers = 0;
    if (sum && p->gso) {
        h->gso_type = p->gso == GSO_TCP4 ? HEADER_GSO_TCP4 : HEADER_GSO_TCP6;
        h->gso_size = p->gso_size;
        h->header_len = (uint16_t)(p->transport - p->data + (p->transport[12] >> 4) * 4);
    }
}

/* The pieces of a packet, one after the other: its buffers, the first with the header in front, then slices. */
static ALWAYS_INLINE void gather(const struct net *n, const struct packet *p,
                                 struct vq_piece *piece)
{
    *piece++ = (struct vq_piece){p->data - n->header_size, p->len + n->header_size};
    for (const struct packet *b = p->next; b; b = b->next)
        *piece++ = (struct vq_piece){b->data, b->len};
    for (unsigned i = 0; i < p->slice_count; i++)
        *piece++ = (struct vq_piece){p->slices[i].at, p->slices[i].len};
}

/* Into the ring; false: there is no room now. */
static bool give(struct net *n, struct packet *p, const struct vq_piece *piece, unsigned count)
{
    struct table *table = NULL;

    if (!n->tx.free_count)
        return false;
    if (count > (n->tx.free_count > n->tx.size / 2 ? IN_RING : 1) &&
        n->device.features & VIRTIO_F_INDIRECT)
        table = heap_alloc(table_size(count));
    if (table) {
        *table = (struct table){.packet = p, .count = count};
        for (unsigned i = 0; i < count; i++)
            vq_table_set(table->desc, i, count, piece[i]);
        virtqueue_give_table(&n->tx, (char *)table + 1, table->desc, count);
        return true;
    }
    if (n->tx.free_count < count)
        return false;
    virtqueue_give_pieces(&n->tx, p, piece, count, 0);
    return true;
}

/* ---- after it was sent ---- */

static void free_sent(void *token)
{
    struct packet *p = token;

    if ((uintptr_t)token & 1) {
        struct table *table = (void *)((char *)token - 1);
        p = table->packet;
        heap_free(table, table_size(table->count));
    }
    packet_free(p);
}

static bool is_sending(const struct net *n)
{
    return n->tx.free_count < n->tx.size;
}

/* Not with the first: there is work for as long as the device has the other half. */
static void interrupt_for_room(struct net *n)
{
    virtqueue_interrupt_after(&n->tx, MAX(virtqueue_given(&n->tx) / 2, 1u));
}

void net_reclaim(struct net *n)
{
    void *token;
    uint32_t len;
    bool given = false;

    while ((token = virtqueue_take(&n->tx, &len)) != NULL)
        free_sent(token);
    while (UNLIKELY(n->backlog_count)) {
        struct waiting *w = LIST_ENTRY(n->backlog.next, struct waiting, link);
        if (!give(n, w->packet, w->piece, w->count)) {
            interrupt_for_room(n);
            break;
        }
        list_remove(&w->link);
        heap_free(w, waiting_size(w->count));
        n->backlog_count--;
        given = true;
    }
    if (given)
        virtqueue_kick(&n->tx);
}

/* Whatever the device has not done by now interrupts when it is; and the device is told again, if it did not hear. */
static void tidy(struct timer *t)
{
    struct net *n = CONTAINER_OF(t, struct net, tidy);

    net_reclaim(n);
    if (is_sending(n)) {
        virtqueue_interrupt_after(&n->tx, 1);
        virtqueue_kick_again(&n->tx);
        net_reclaim(n); /* for one that was done in between */
    }
    n->tidy_set = is_sending(n);
    if (n->tidy_set)
        timer_set(&n->tidy, clock_monotonic() + TIDY_AFTER, tidy);
}

/* ---- sending ---- */

static int drop(struct net *n, struct packet *p)
{
    n->dev.stats.tx_dropped++;
    packet_free(p);
    return -ENOBUFS;
}

static int keep(struct net *n, struct packet *p, const struct vq_piece *piece, unsigned count)
{
    struct waiting *w = n->backlog_count < BACKLOG_MAX ? heap_alloc(waiting_size(count)) : NULL;

    if (!w)
        return drop(n, p);
    w->packet = p;
    w->count = count;
    memcpy(w->piece, piece, count * sizeof(*piece));
    list_push_back(&n->backlog, &w->link);
    if (!n->backlog_count++) {
        virtqueue_kick(&n->tx);
        interrupt_for_room(n);
    }
    net_reclaim(n); /* for what was done in between */
    return 0;
}

int net_send(struct netdev *dev, struct packet *p, bool more)
{
    struct net *n = dev->priv;
    struct vq_piece piece[PIECES_MAX];
    unsigned count = piece_count(p);

    if (UNLIKELY(count > PIECES_MAX)) {
        struct packet *copy = packet_clone(p, PACKET_HEADROOM);
        if (!copy)
            return drop(n, p);
        packet_free(p);
        p = copy;
        count = 1;
    }
    write_header(n, p);
    gather(n, p, piece);
    if (n->tx.free_count < n->tx.size / 2)
        net_reclaim(n);
    if (UNLIKELY(n->backlog_count || !give(n, p, piece, count)))
        return keep(n, p, piece, count);
    if (!more || n->tx.free_count == n->tx.size / 2) /* it may begin with a long batch */
        virtqueue_kick(&n->tx);
    if (!n->tidy_set) {
        n->tidy_set = true;
        timer_set(&n->tidy, clock_monotonic() + TIDY_AFTER, tidy);
    }
    return 0;
}

void net_flush(struct netdev *dev)
{
    struct net *n = dev->priv;

    virtqueue_kick(&n->tx);
}

bool net_all_sent(void)
{
    bool all = true;

    NETDEV_FOR_EACH(dev)
    {
        struct net *n = dev->priv;
        if (dev->send != net_send)
            continue;
        net_reclaim(n);
        if (is_sending(n)) {
            all = false;
            virtqueue_interrupt_after(&n->tx, 1);
        }
    }
    return all;
}
