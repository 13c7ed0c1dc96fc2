/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in and out, in batches: what is received together is answered together. */
#include "../ethernet/ethernet.h"
#include "netdev.h"

#include <u2k/host_port.h>
#include <u2k/optional.h>

static struct list taps = LIST_INIT(taps), deferred = LIST_INIT(deferred);
static unsigned holds; /* netdev_hold(), and 1 while a batch is received */
static bool in_batch, kept_back;

static COLD void show(struct packet *p)
{
    LIST_FOR_EACH_SAFE(it, &taps)
    {
        struct netdev_tap *t = LIST_ENTRY(it, struct netdev_tap, link);
        t->see(t, p);
    }
}

void netdev_tap_add(struct netdev_tap *t)
{
    list_push_back(&taps, &t->link);
}

void netdev_tap_remove(struct netdev_tap *t)
{
    list_remove(&t->link);
}

static COLD void flush(void)
{
    kept_back = false;
    NETDEV_FOR_EACH(dev)
    {
        if (!dev->kept_back)
            continue;
        dev->kept_back = false;
        if (dev->flush)
            dev->flush(dev);
    }
}

void netdev_hold(void)
{
    holds++;
}

void netdev_release(void)
{
    if (--holds == 0 && kept_back)
        flush();
}

int netdev_send(struct netdev *dev, struct packet *p)
{
    p->dev = dev;
    if ((p->flags & PACKET_SUM_WANTED) && !(dev->features & NETDEV_SUM))
        packet_finish_checksum(p);
    if (UNLIKELY(!list_empty(&taps))) {
        uint16_t flags = p->flags;
        p->flags |= PACKET_OURS;
        show(p);
        p->flags = flags;
    }
    dev->stats.tx_packets++;
    dev->stats.tx_bytes += p->total;
    if (holds)
        kept_back = dev->kept_back = true;
    return dev->send(dev, p, holds != 0);
}

void netdev_receive(struct netdev *dev, struct packet *p)
{
    if (!in_batch) {
        in_batch = true;
        holds++;
    }
    dev->stats.rx_packets++;
    dev->stats.rx_bytes += p->total;
    p->dev = dev;
    if (UNLIKELY(!list_empty(&taps)))
        show(p);
    ethernet_receive(p);
}

void netdev_received(struct netdev *dev)
{
    (void)dev;
    if (!in_batch)
        return;
    while (!list_empty(&deferred)) {
        struct list *first = deferred.next;
        list_remove(first);
        struct netdev_deferred *d = LIST_ENTRY(first, struct netdev_deferred, link);
        d->run(d);
    }
    in_batch = false;
    netdev_release();
}

void netdev_defer(struct netdev_deferred *d)
{
    if (!in_batch)
        d->run(d);
    else if (!d->link.next || list_empty(&d->link))
        list_push_back(&deferred, &d->link);
}

void netdev_forget(struct netdev_deferred *d)
{
    if (d->link.next)
        list_remove(&d->link);
}

bool net_poll(bool sleeps)
{
    bool came = netdev_unsettled && loopback_poll();

    NETDEV_FOR_EACH(dev)
    {
        if (!dev->poll || (sleeps && !came && (dev->features & NETDEV_IDLE_POLLS)))
            continue;
        came |= dev->poll(dev);
    }
    return plat_host_events(sleeps && !came) || came;
}

IF_LINKED(part_ip, net_poll, unlinked_nothing);
IF_LINKED(network_option, plat_host_events, unlinked_nothing);
