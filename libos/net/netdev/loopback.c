/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loopback device. Nothing is checked, nothing is computed: what is sent is what is received. A packet that
 * its sender keeps for a retransmission, or whose payload is elsewhere, is copied.
 */
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/sched.h>

#include "netdev.h"

enum {
    MTU = 65536, /* as Linux has it */
    QUEUE_MAX = 1024, /* packets: more are dropped, as a device would */
    BUDGET = 64, /* packets at a time: a dialogue with ourselves cannot hold us */
};

bool netdev_unsettled;

static struct list queue = LIST_INIT(queue);
static unsigned queued;
static struct timer timer;
static struct netdev loopback;

bool loopback_poll(void)
{
    static bool busy;

    if (busy || !queued)
        return false;
    busy = true;
    for (unsigned i = 0; i < BUDGET && queued; i++) {
        struct packet *p = LIST_ENTRY(queue.next, struct packet, link);
        list_remove(&p->link);
        queued--;
        netdev_receive(&loopback, p);
    }
    netdev_received(&loopback);
    busy = false;
    netdev_unsettled = queued != 0;
    if (!queued)
        timer_cancel(&timer);
    return true;
}

static void due(struct timer *t)
{
    loopback_poll();
    if (queued)
        timer_set(t, 1, due);
}

static int loopback_send(struct netdev *dev, struct packet *p, bool more)
{
    struct packet *in = p;

    (void)more;
    if (p->refs > 1 || p->slice_count) {
        in = queued < QUEUE_MAX ? packet_clone(p, PACKET_HEADROOM) : NULL;
        packet_free(p);
    } else if (queued >= QUEUE_MAX) {
        packet_free(p);
        in = NULL;
    }
    if (!in) {
        dev->stats.tx_dropped++;
        return -ENOBUFS;
    }
    in->flags = PACKET_CHECKED | PACKET_LOOPED;
    in->gso = GSO_NONE;
    list_push_back(&queue, &in->link);
    if (!queued++) {
        netdev_unsettled = true;
        timer_set(&timer, 1, due);
    }
    return 0;
}

static struct netdev loopback = {
    .name = "lo",
    .type = ARPHRD_LOOPBACK,
    .mtu = MTU,
    .gso_max = 65535,
    .features = NETDEV_SUM | NETDEV_TSO4 | NETDEV_TSO6 | NETDEV_NO_ARP,
    .flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK,
    .send = loopback_send,
};

void loopback_start(void)
{
    packet_start();
    if (!loopback.index)
        netdev_register(&loopback);
}

IF_LINKED(part_ip, loopback_poll, unlinked_nothing);
