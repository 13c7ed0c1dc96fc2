/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net: devices, routes and neighbours, in the forms of proc(5). */
#include "netfs.h"

#include <u2k/string.h>

void net_hex(struct text *t, uint32_t value, unsigned digits)
{
    char out[8];

    for (unsigned i = digits; i-- > 0; value >>= 4)
        out[i] = "0123456789ABCDEF"[value & 15];
    text_bytes(t, out, digits);
}

/* What stands in a fixed width is filled up with blanks. */
void net_pad(struct text *t, size_t from, size_t width)
{
    while (!t->failed && t->len - from < width)
        text_bytes(t, " ", 1);
    text_bytes(t, "\n", 1);
}

static void dev(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "Inter-|   Receive                                                |  Transmit\n");
    text_add(t,
             " face |bytes    packets errs drop fifo frame compressed multicast|"
             "bytes    packets errs drop fifo colls carrier compressed\n");
    NETDEV_FOR_EACH(dev)
    {
        const struct netdev_stats *s = &dev->stats;
        text_add(t,
                 "%6s: %7lu %7lu %4lu %4lu %4u %5u %10u %9u %8lu %7lu %4lu %4lu %4u %5u %7u %10u\n",
                 dev->name, s->rx_bytes, s->rx_packets, s->rx_errors, s->rx_dropped, 0, 0, 0, 0,
                 s->tx_bytes, s->tx_packets, s->tx_errors, s->tx_dropped, 0, 0, 0, 0);
    }
}

enum { RTF_UP = 1, RTF_GATEWAY = 2, RTF_HOST = 4 };

static unsigned route_flags(const struct ip_route_entry *e)
{
    unsigned whole = ip_is_v4(&e->to) ? 32 : 128;

    return RTF_UP | (ip_is_any(&e->gateway) ? 0 : RTF_GATEWAY) |
           (e->prefix == whole ? RTF_HOST : 0);
}

static void route(struct text *t, const struct proc_at *at)
{
    size_t start = t->len;
    (void)at;

    text_add(t,
             "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
    net_pad(t, start, 127);
    LIST_FOR_EACH(it, &ip_routes)
    {
        const struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if (!ip_is_v4(&e->to))
            continue;
        start = t->len;
        text_add(t, "%s\t", e->dev->name);
        net_hex(t, ip_v4(&e->to), 8);
        text_add(t, "\t");
        net_hex(t, ip_v4(&e->gateway), 8);
        text_add(t, "\t");
        net_hex(t, route_flags(e), 4);
        text_add(t, "\t0\t0\t%u\t", e->metric);
        net_hex(t, e->prefix ? net32(UINT32_MAX << (32 - e->prefix)) : 0, 8);
        text_add(t, "\t%u\t0\t0", e->mtu);
        net_pad(t, start, 127);
    }
}

static void arp_entry(const struct neighbour_info *n, void *arg)
{
    enum { ATF_COM = 2 };
    const uint8_t *a = n->addr.bytes + 12, *m = n->mac;
    char text[16];

    if (!ip_is_v4(&n->addr) || n->state == NUD_NOARP || !n->state)
        return;
    bool known = !(n->state & (NUD_INCOMPLETE | NUD_FAILED));
    format_text(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    text_add(arg, "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *        %s\n", text,
             n->dev->type, known ? ATF_COM : 0, m[0], m[1], m[2], m[3], m[4], m[5], n->dev->name);
}

static void arp(struct text *t, const struct proc_at *at)
{
    (void)at;
    text_add(t, "IP address       HW type     Flags       HW address            Mask     Device\n");
    neighbours_each(arp_entry, t);
}

static void address(struct text *t, const struct ip_addr *a)
{
    for (unsigned i = 0; i < 16; i++)
        text_add(t, "%02x", a->bytes[i]);
}

static void if_inet6(struct text *t, const struct proc_at *at)
{
    enum { TENTATIVE = 0x40, DEPRECATED = 0x20, PERMANENT = 0x80 };
    (void)at;

    NETDEV_FOR_EACH(dev)
    LIST_FOR_EACH(it, &dev->addresses)
    {
        const struct netdev_addr *own = LIST_ENTRY(it, struct netdev_addr, link);
        if (ip_is_v4(&own->addr))
            continue;
        unsigned scope = ip_is_loopback(&own->addr)     ? 0x10
                         : ip_is_link_local(&own->addr) ? 0x20
                                                        : 0;
        unsigned flags = (own->valid_until == TIME_NEVER ? PERMANENT : 0) |
                         (own->state == ADDR_TENTATIVE ? TENTATIVE : 0) |
                         (own->state == ADDR_DEPRECATED ? DEPRECATED : 0);
        address(t, &own->addr);
        text_add(t, " %02x %02x %02x %02x %8s\n", dev->index, own->prefix, scope, flags, dev->name);
    }
}

static void ipv6_route(struct text *t, const struct proc_at *at)
{
    static const struct ip_addr none;
    (void)at;

    LIST_FOR_EACH(it, &ip_routes)
    {
        const struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if (ip_is_v4(&e->to))
            continue;
        address(t, &e->to);
        text_add(t, " %02x ", e->prefix);
        address(t, &none);
        text_add(t, " 00 ");
        address(t, &e->gateway);
        text_add(t, " %08x %08x %08x %08x %8s\n", e->metric, 1, 0, route_flags(e), e->dev->name);
    }
}

const struct proc_entry proc_net[] = {
    PROC_TEXT("arp", arp),
    PROC_TEXT("dev", dev),
    PROC_TEXT("if_inet6", if_inet6),
    PROC_TEXT("ipv6_route", ipv6_route),
    PROC_TEXT("route", route),
    PROC_TEXT("sockstat", proc_sockstat),
    PROC_TEXT("tcp", proc_tcp),
    PROC_TEXT("tcp6", proc_tcp6),
    PROC_TEXT("udp", proc_udp),
    PROC_TEXT("udp6", proc_udp6),
    {0},
};
