/* SPDX-License-Identifier: Apache-2.0 */
/* The routes, and what a destination comes to by them. */
#include "ip.h"
#include "../ethernet/ethernet.h"

#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>

enum { LENGTH_MAX = 65535 }; /* of an IPv4 packet: loopback's MTU is one more */

struct list ip_routes = LIST_INIT(ip_routes);

static bool same_version(const struct ip_addr *a, const struct ip_addr *b)
{
    return ip_is_v4(a) == ip_is_v4(b);
}

/* Kept with the longest prefix first, then the lowest metric: the first that fits is the best. */
int ip_route_add(const struct ip_addr *to, unsigned prefix, const struct ip_addr *gateway,
                 struct netdev *dev, uint32_t metric)
{
    struct list *before = &ip_routes;

    if (prefix > (ip_is_v4(to) ? 32u : 128u) || !same_version(to, gateway))
        return -EINVAL;
    LIST_FOR_EACH(it, &ip_routes)
    {
        const struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if (e->prefix > prefix || (e->prefix == prefix && e->metric <= metric))
            before = it;
        if (e->prefix == prefix && e->metric == metric && e->dev == dev &&
            same_version(&e->to, to) && ip_prefix_same(&e->to, to, prefix) &&
            ip_same(&e->gateway, gateway))
            return -EEXIST;
    }
    struct ip_route_entry *e = NEW(struct ip_route_entry);
    if (!e)
        return -ENOMEM;
    e->to = ip_masked(to, prefix);
    e->prefix = prefix;
    e->gateway = *gateway;
    e->dev = dev;
    e->metric = metric;
    e->expires = TIME_NEVER;
    list_insert_after(before, &e->link);
    net_changed();
    return 0;
}

int ip_route_remove(const struct ip_addr *to, unsigned prefix, struct netdev *dev)
{
    bool found = false;

    LIST_FOR_EACH_SAFE(it, &ip_routes)
    {
        struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if (e->prefix != prefix || (dev && e->dev != dev) || !same_version(&e->to, to) ||
            !ip_prefix_same(&e->to, to, prefix))
            continue;
        list_remove(&e->link);
        DELETE(e);
        found = true;
    }
    if (!found)
        return -ESRCH;
    net_changed();
    return 0;
}

const struct ip_route_entry *ip_route_lookup(const struct ip_addr *to, const struct netdev *dev)
{
    LIST_FOR_EACH(it, &ip_routes)
    {
        const struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if ((!dev || e->dev == dev) && (e->dev->flags & IFF_UP) && same_version(&e->to, to) &&
            ip_prefix_same(&e->to, to, e->prefix))
            return e;
    }
    return NULL;
}

/* Where groups and the limited broadcast go to when nobody says it: as the default route, else the first device. */
static struct netdev *group_device(const struct ip_addr *to)
{
    const struct ip_route_entry *e = ip_route_lookup(to, NULL);

    if (e)
        return e->dev;
    NETDEV_FOR_EACH(dev)
    if ((dev->flags & (IFF_UP | IFF_MULTICAST)) == (IFF_UP | IFF_MULTICAST))
        return dev;
    return NULL;
}

/* 127/8 answers from 127.0.0.1, any other address of ours from itself. */
static int to_ourselves(const struct ip_addr *to, struct ip_route *out)
{
    out->dev = LIST_ENTRY(netdevs.next, struct netdev, link);
    out->next_hop = *to;
    if (ip_is_v4(to) && (ip_is_any(to) || ip_is_loopback(to)))
        out->source = ip_from_v4(net32(0x7f000001));
    else if (ip_is_any(to))
        out->source = (struct ip_addr){.halves = {0, 1ull << 56}};
    else
        out->source = *to;
    if (ip_is_any(to))
        out->next_hop = out->source;
    out->mtu = out->dev->mtu;
    return 0;
}

/* Ports of the host serve a program without any device (u2k/host_port.h), but nothing leads out. */
static void say_if_alone(void)
{
    static bool said;

    if (said || netdevs.next->next != &netdevs)
        return;
    said = true;
    log_warning(
        "the program connects to others, and has no network but loopback: "
        "u2k run --network passt (or tap:NAME) gives it one");
}

static int to_others(const struct ip_addr *to, struct netdev *dev, struct ip_route *out)
{
    bool group = ip_is_multicast(to) || (ip_is_v4(to) && ip_v4(to) == UINT32_MAX);

    out->dev = dev;
    out->next_hop = *to;
    if (group) {
        out->dev = dev ? dev : group_device(to);
        /* Linux has no route of IPv6 groups by loopback. */
        if (!out->dev || (!ip_is_v4(to) && out->dev->flags & IFF_LOOPBACK))
            return -ENETUNREACH;
        out->mtu = out->dev->mtu;
        return 0;
    }
    const struct ip_route_entry *e = ip_route_lookup(to, dev);
    if (!e) {
        say_if_alone();
        return -ENETUNREACH;
    }
    out->dev = e->dev;
    if (!ip_is_any(&e->gateway))
        out->next_hop = e->gateway;
    out->mtu = ip_path_mtu(to, e->mtu ? MIN(e->mtu, e->dev->mtu) : e->dev->mtu);
    return 0;
}

int ip_route(const struct ip_addr *to, const struct ip_addr *source, unsigned device,
             struct ip_route *out)
{
    struct netdev *dev = device ? netdev_by_index(device) : NULL;
    bool chosen = source && !ip_is_any(source);

    *out = (struct ip_route){.device = device};
    if (device && !dev)
        return ip_is_v4(to) ? -ENODEV : -ENETUNREACH;
    if (chosen && !same_version(source, to))
        return -EINVAL;
    if (chosen && !ip_is_ours(source, 0))
        return -EADDRNOTAVAIL;
    int error =
        ip_is_any(to) || ip_is_ours(to, 0) ? to_ourselves(to, out) : to_others(to, dev, out);
    if (error)
        return error;
    if (chosen && ip_is_loopback(source) && !(out->dev->flags & IFF_LOOPBACK))
        return -EINVAL;
    if (chosen)
        out->source = *source;
    else if (ip_is_any(&out->source) && !ip_source_choose(to, out->dev, &out->source))
        return -ENETUNREACH;
    out->neighbour = neighbour_get(out->dev, &out->next_hop);
    if (!out->neighbour)
        return -ENOBUFS;
    if (ip_is_v4(to))
        out->mtu = MIN(out->mtu, (uint32_t)LENGTH_MAX);
    out->generation = net_generation;
    return 0;
}
