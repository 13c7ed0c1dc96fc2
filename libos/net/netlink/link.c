/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces. */
#include "netlink.h"

#include <u2k/errno.h>
#include <u2k/string.h>

enum {
    OPER_UNKNOWN = 0,
    OPER_DOWN = 2,
    OPER_UP = 6,
    TXQLEN = 1000,
    LOWER_UP = 0x10000,
    STATS = 24
};

static void put_stats(struct answer *a, const struct netdev_stats *s)
{
    uint64_t all[STATS] = {s->rx_packets, s->tx_packets, s->rx_bytes,   s->tx_bytes,
                           s->rx_errors,  s->tx_errors,  s->rx_dropped, s->tx_dropped};
    uint32_t low[STATS];
    for (unsigned i = 0; i < STATS; i++)
        low[i] = (uint32_t)all[i];
    answer_attribute(a, IFLA_STATS64, all, sizeof all);
    answer_attribute(a, IFLA_STATS, low, sizeof low);
}

void link_put(struct answer *a, const struct netdev *dev)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, none[6];
    bool loopback = dev->flags & IFF_LOOPBACK, up = dev->flags & IFF_UP;
    struct ifinfomsg *m = answer_begin(a, RTM_NEWLINK, sizeof *m);
    if (!m)
        return;
    *m = (struct ifinfomsg){.type = dev->type,
                            .index = (int32_t)dev->index,
                            .flags = dev->flags | (up ? LOWER_UP : 0u)};
    uint8_t state = loopback ? OPER_UNKNOWN : up ? OPER_UP : OPER_DOWN, carrier = up;
    answer_text(a, IFLA_IFNAME, dev->name);
    answer_u32(a, IFLA_TXQLEN, TXQLEN);
    answer_attribute(a, IFLA_OPERSTATE, &state, 1);
    answer_u32(a, IFLA_MTU, dev->mtu);
    answer_u32(a, IFLA_GROUP, 0);
    answer_u32(a, IFLA_PROMISCUITY, (dev->flags & IFF_PROMISC) != 0);
    answer_attribute(a, IFLA_CARRIER, &carrier, 1);
    answer_text(a, IFLA_QDISC, "noqueue");
    answer_attribute(a, IFLA_ADDRESS, dev->mac, sizeof dev->mac);
    answer_attribute(a, IFLA_BROADCAST, loopback ? none : all, sizeof all);
    put_stats(a, &dev->stats);
    answer_end(a);
}

/* By index, or by name. */
static struct netdev *named(const struct cursor *body)
{
    const struct ifinfomsg *m = cursor_at(body, 0, sizeof *m);
    struct attribute name = attribute_find(body, sizeof *m, IFLA_IFNAME);
    char text[16] = {0};
    if (m && m->index)
        return netdev_by_index((unsigned)m->index);
    memcpy(text, name.data ? name.data : (const uint8_t *)"", MIN(name.len, sizeof text - 1));
    return text[0] ? netdev_by_name(text) : NULL;
}

int link_get(struct answer *a, const struct cursor *body)
{
    if (!(a->flags & NLM_F_MULTI)) {
        const struct netdev *dev = named(body);
        if (!dev)
            return -ENODEV;
        link_put(a, dev);
        return 0;
    }
    NETDEV_FOR_EACH(dev)
    link_put(a, dev);
    return 0;
}
