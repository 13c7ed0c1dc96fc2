/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: who gets them (RFC 894), and headers in front of what is sent. */
#include "ethernet.h"
#include "../arp/arp.h"
#include "../ip/ip.h"

#include <u2k/optional.h>
#include <u2k/string.h>

IF_LINKED(part_ipv6, ipv6_receive, ethernet_ignore);

void ethernet_ignore(struct packet *p)
{
    p->dev->stats.rx_dropped++;
    packet_free(p);
}

/* Groups are taken in whatever they are: IP looks at the address again. */
static COLD bool is_group(struct packet *p)
{
    if (!(p->data[0] & 1))
        return false;
    p->flags |= PACKET_BROADCAST;
    return true;
}

void ethernet_receive(struct packet *p)
{
    if (UNLIKELY(p->len < ETH_HLEN)) {
        p->dev->stats.rx_errors++;
        packet_free(p);
        return;
    }
    if (UNLIKELY(!mac_same(p->data, p->dev->mac)) && !is_group(p)) { /* a promiscuous device's */
        packet_free(p);
        return;
    }
    uint16_t type = be16(p->data + 12);

    p->ethertype = type;
    packet_advance(p, ETH_HLEN);
    p->network = p->data;
    if (LIKELY(type == ETH_P_IP))
        ipv4_receive(p);
    else if (type == ETH_P_IPV6)
        ipv6_receive(p);
    else if (type == ETH_P_ARP)
        arp_receive(p);
    else
        ethernet_ignore(p);
}

int ethernet_send(struct netdev *dev, struct packet *p, const uint8_t to[ETH_ALEN], uint16_t type)
{
    uint8_t *h = packet_push(p, ETH_HLEN);

    memcpy(h, to, ETH_ALEN);
    memcpy(h + ETH_ALEN, dev->mac, ETH_ALEN);
    put_be16(h + 12, type);
    return netdev_send(dev, p);
}
