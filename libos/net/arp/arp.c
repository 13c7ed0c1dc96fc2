/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARP. An entry is made for who asks for us, and changed for whom we know already; what nobody asked for does not
 * fill the table. A conflict about one of our addresses is said in the log and answered once in a while (RFC
 * 5227, 2.4, b).
 */
#include "arp.h"
#include "../ethernet/ethernet.h"

#include <u2k/ip.h>
#include <u2k/log.h>
#include <u2k/string.h>

enum { ARP_LEN = 28, REQUEST = 1, REPLY = 2 };
#define DEFEND_INTERVAL (10 * NSEC_PER_SEC)

struct arp {
    unsigned operation;
    const uint8_t *sender_mac;
    struct ip_addr sender, target;
};

static const uint8_t everyone[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void send(struct netdev *dev, unsigned operation, uint32_t sender, const uint8_t *target_mac,
                 uint32_t target, const uint8_t *to)
{
    static const uint8_t start[] = {0, 1, 8, 0, ETH_ALEN, 4, 0};
    struct packet *p = packet_new(PACKET_HEADROOM, ARP_LEN);

    if (!p)
        return;
    uint8_t *h = packet_append(p, ARP_LEN);
    memset(h, 0, ARP_LEN);
    memcpy(h, start, sizeof start);
    h[7] = (uint8_t)operation;
    memcpy(h + 8, dev->mac, ETH_ALEN);
    put_raw32(h + 14, sender);
    if (target_mac)
        memcpy(h + 18, target_mac, ETH_ALEN);
    put_raw32(h + 24, target);
    ethernet_send(dev, p, to, ETH_P_ARP);
}

void arp_solicit(struct neighbour *n, bool unicast)
{
    struct ip_route r;

    /* The source has to be one that the neighbour can answer: ours on its link. */
    if (ip_route(&n->addr, NULL, n->dev->index, &r) == 0)
        send(n->dev, REQUEST, ip_v4(&r.source), NULL, ip_v4(&n->addr),
             unicast ? neighbour_mac(n) : everyone);
}

void arp_announce(struct netdev *dev, const struct ip_addr *a)
{
    send(dev, REQUEST, ip_v4(a), NULL, ip_v4(a), everyone);
}

static bool parse(struct packet *p, struct arp *out)
{
    if (!packet_contiguous(p, ARP_LEN))
        return false;
    const uint8_t *h = p->data;
    out->operation = be16(h + 6);
    out->sender_mac = h + 8;
    out->sender = ip_from_v4(raw32(h + 14));
    out->target = ip_from_v4(raw32(h + 24));
    return be16(h) == 1 && be16(h + 2) == ETH_P_IP && h[4] == ETH_ALEN && h[5] == 4 &&
           (out->operation == REQUEST || out->operation == REPLY) && !(out->sender_mac[0] & 1) &&
           !ip_is_multicast(&out->sender) && !ip_is_loopback(&out->sender) &&
           !ip_is_broadcast(&out->sender) && !ip_is_loopback(&out->target);
}

static void conflict(struct netdev *dev, const struct arp *a)
{
    static uint64_t next;
    const uint8_t *m = a->sender_mac, *v4 = a->sender.bytes + 12;
    uint64_t now = clock_monotonic();

    if (now < next)
        return;
    next = now + DEFEND_INTERVAL;
    log_warning("%s: %u.%u.%u.%u is used by %02x:%02x:%02x:%02x:%02x:%02x too", dev->name, v4[0],
                v4[1], v4[2], v4[3], m[0], m[1], m[2], m[3], m[4], m[5]);
    arp_announce(dev, &a->sender);
}

static bool on_link(struct netdev *dev, const struct ip_addr *a)
{
    struct ip_route r;

    return ip_route(a, NULL, dev->index, &r) == 0 && ip_same(&r.next_hop, a);
}

static void handle(struct netdev *dev, const struct arp *a)
{
    bool nobody = ip_is_any(&a->sender), for_us = ip_is_ours(&a->target, 0);

    if (!nobody && ip_is_ours(&a->sender, 0)) {
        conflict(dev, a);
        return;
    }
    if (!nobody) {
        struct neighbour *n = neighbour_find(dev, &a->sender);
        if (!n && for_us && a->operation == REQUEST && on_link(dev, &a->sender))
            n = neighbour_get(dev, &a->sender);
        if (n)
            neighbour_learned(n, a->sender_mac, a->operation == REPLY && for_us);
    }
    if (for_us && a->operation == REQUEST)
        send(dev, REPLY, ip_v4(&a->target), a->sender_mac, ip_v4(&a->sender), a->sender_mac);
}

void arp_receive(struct packet *p)
{
    struct netdev *dev = p->dev;
    struct arp a;

    if (dev->features & NETDEV_NO_ARP || !parse(p, &a))
        dev->stats.rx_dropped++;
    else if (!mac_same(a.sender_mac, dev->mac)) /* our own come back on some links */
        handle(dev, &a);
    packet_free(p);
}
