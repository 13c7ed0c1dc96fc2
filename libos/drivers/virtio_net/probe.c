/* SPDX-License-Identifier: Apache-2.0 */
/* Network cards are found, agreed with and offered. */
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/part.h>

#include "net.h"

enum { QUEUE_RX, QUEUE_TX, QUEUE_CONTROL };
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_MTU = 10, STATUS_LINK_UP = 1 };
enum {
    MTU_USUAL = 1500,
    MTU_LEAST = 68, /* RFC 791 */
    ETHERNET_HEADER = 18, /* with a VLAN tag */
    GSO_MAX = 65535,
    SEND_SIZE = 256,
    CONTROL_SIZE = 4,
    MEMORY_SHARE = 128, /* buffers to receive into are at most this part of all memory */
    LEAST_BUFFERS = 64, /* a merged packet of 64 KiB takes 36 */
};

#define WANTED \
    (NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_MTU | NET_F_MAC | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | \
     NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_MRG_RXBUF | NET_F_STATUS | NET_F_CTRL_VQ | \
     NET_F_CTRL_RX | NET_F_ANY_LAYOUT | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX)

/* What only goes with something else that the device offers (5.1.3.1), or that we need for it. */
static uint64_t wanted(uint64_t offered)
{
    uint64_t bits = WANTED;

    if (!(offered & NET_F_CSUM))
        bits &= ~(NET_F_HOST_TSO4 | NET_F_HOST_TSO6);
    if (!(offered & NET_F_GUEST_CSUM) || !(offered & NET_F_MRG_RXBUF))
        bits &= ~(NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6);
    if (!(offered & NET_F_CTRL_RX))
        bits &= ~NET_F_CTRL_VQ;
    return bits;
}

static void read_mac(struct net *n)
{
    uint8_t *mac = n->dev.mac;

    if (n->device.features & NET_F_MAC) {
        for (unsigned i = 0; i < sizeof(n->dev.mac); i++)
            mac[i] = (uint8_t)virtio_config(&n->device, CONFIG_MAC + i, 1);
    } else {
        if (plat_random(mac, sizeof(n->dev.mac)) < 0)
            log_warning("a network address is not random: no source of randomness");
        mac[0] = (uint8_t)((mac[0] & 0xfe) | 2); /* one station, locally administered */
    }
}

static void read_link(void *arg)
{
    struct net *n = arg;
    bool up = !(n->device.features & NET_F_STATUS) ||
              virtio_config(&n->device, CONFIG_STATUS, 2) & STATUS_LINK_UP;
    uint32_t flags = up ? n->dev.flags | IFF_RUNNING : n->dev.flags & ~(uint32_t)IFF_RUNNING;

    if (flags == n->dev.flags)
        return;
    n->dev.flags = flags;
    if (n->dev.index) {
        log_info("%s: link is %s", n->dev.name, up ? "up" : "down");
        net_changed();
    }
}

static void describe(struct net *n)
{
    uint64_t features = n->device.features;
    struct netdev *dev = &n->dev;

    read_mac(n);
    dev->mtu = features & NET_F_MTU ? virtio_config(&n->device, CONFIG_MTU, 2) : MTU_USUAL;
    if (dev->mtu < MTU_LEAST)
        dev->mtu = MTU_USUAL;
    dev->gso_max = GSO_MAX;
    dev->features = (features & NET_F_CSUM ? NETDEV_SUM : 0u) |
                    (features & NET_F_HOST_TSO4 ? NETDEV_TSO4 : 0u) |
                    (features & NET_F_HOST_TSO6 ? NETDEV_TSO6 : 0u);
    dev->priv = n;
    dev->send = net_send;
    dev->flush = net_flush;
    dev->poll = net_poll_device;
    dev->promiscuous = features & NET_F_CTRL_RX ? net_promiscuous : NULL;
    n->header_size =
        features & (NET_F_MRG_RXBUF | VIRTIO_F_VERSION_1) ? HEADER_SIZE : HEADER_SIZE_SHORT;
    n->rx_room = PACKET_ROOM;
    if (!(features & NET_F_MRG_RXBUF))
        n->rx_room = MAX(n->rx_room, dev->mtu + ETHERNET_HEADER + n->header_size);
}

/* A power of two. */
static unsigned receive_size(void)
{
    size_t most = pages_total_count() * PAGE_SIZE / MEMORY_SHARE / PACKET_SIZE;
    unsigned size = LEAST_BUFFERS;

    while (size * 2 <= MIN(most, (size_t)VIRTQUEUE_MAX))
        size *= 2;
    return size;
}

static int start(struct net *n)
{
    struct virtio_device *d = &n->device;
    d->changed = read_link;
    int error = virtio_start(d, wanted(virtio_offered(d)), net_interrupt, n);

    if (!error && d->legacy && !(d->features & NET_F_ANY_LAYOUT))
        error = -EOPNOTSUPP;
    if (!error) {
        describe(n);
        error = virtqueue_start(d, QUEUE_RX, receive_size(), &n->rx);
    }
    if (!error)
        error = virtqueue_start(d, QUEUE_TX, SEND_SIZE, &n->tx);
    if (!error && n->dev.promiscuous)
        error = virtqueue_start(d, QUEUE_CONTROL, CONTROL_SIZE, &n->control);
    if (error) {
        log_warning("network card at %lx: error %d: not used", (unsigned long)d->place.base, error);
        return error;
    }
    virtqueue_interrupts(&n->tx, false);
    virtio_ready(d);
    net_refill(n);
    netdev_offer(&n->dev);
    read_link(n);
    return 0;
}

static int probe(void)
{
    struct net *n;
    int found = -ENODEV;

    for (;;) {
        n = NEW(struct net);
        if (!n)
            return -ENOMEM;
        list_init(&n->backlog);
        if (virtio_find(VIRTIO_NET, &n->device) < 0)
            break;
        if (start(n) == 0)
            found = 0; /* the others stay in memory that the device may know of */
    }
    DELETE(n);
    if (!found)
        ending_offer(net_all_sent);
    return found;
}

const struct driver driver_virtio_net = {.name = "virtio-net", .probe = probe};
