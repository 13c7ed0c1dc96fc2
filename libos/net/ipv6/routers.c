/* SPDX-License-Identifier: Apache-2.0 */
/* Router advertisements (RFC 4861, 6.3.4), with routes (RFC 4191) and name servers (RFC 8106). */
#include "ipv6.h"
#include "../config/config.h"
#include "../ethernet/ethernet.h"
#include "../ip/ip.h"

#include <u2k/pages.h>
#include <u2k/string.h>

enum {
    MESSAGE = 16,
    METRIC = 1024, /* as Linux has it for routers' */
    ROUTES_MAX = 32, /* that routers may bring: whoever is on the link can say so */
};
enum { SOURCE_ADDRESS = 1, PREFIX = 3, MTU = 5, ROUTE = 24, SERVERS = 25 };
enum { ON_LINK = 0x80, AUTONOMOUS = 0x40 };

static uint64_t end_of(uint32_t seconds)
{
    return seconds == UINT32_MAX ? TIME_NEVER : clock_monotonic() + seconds * NSEC_PER_SEC;
}

/* A route that ends when it is not said again; a lifetime of 0 takes it away. */
static void set_route(struct netdev *dev, const struct ip_addr *to, unsigned prefix,
                      const struct ip_addr *gateway, uint32_t seconds)
{
    struct ip_route_entry *found = NULL;
    unsigned count = 0;

    LIST_FOR_EACH(it, &ip_routes)
    {
        struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        count += !ip_is_v4(&e->to) && e->metric == METRIC;
        if (e->dev == dev && e->prefix == prefix && !ip_is_v4(&e->to) &&
            ip_prefix_same(&e->to, to, prefix) && ip_same(&e->gateway, gateway))
            found = e;
    }
    if (!found && seconds && count < ROUTES_MAX &&
        !ip_route_add(to, prefix, gateway, dev, METRIC)) {
        set_route(dev, to, prefix, gateway, seconds);
        return;
    }
    if (!found || (found->expires == TIME_NEVER && found->metric != METRIC))
        return; /* somebody's own */
    if (!seconds) {
        list_remove(&found->link);
        DELETE(found);
        net_changed();
        return;
    }
    found->expires = end_of(seconds);
    autoconf_watch(found->expires);
}

static void take_prefix(struct netdev *dev, const uint8_t *o)
{
    const struct ip_addr prefix = ipv6_at(o + 16), none = {0};
    uint32_t valid = be32(o + 4), preferred = be32(o + 8);
    unsigned len = o[2];

    if (len > 128 || ip_is_link_local(&prefix) || ip_is_multicast(&prefix) || ip_is_v4(&prefix))
        return;
    if (o[3] & ON_LINK)
        set_route(dev, &prefix, len, &none, valid);
    if (o[3] & AUTONOMOUS && len == 64 && preferred <= valid)
        autoconf_prefix(dev, &prefix, valid, preferred);
}

static void take_route(struct netdev *dev, const uint8_t *o, size_t size,
                       const struct ip_addr *router)
{
    struct ip_addr to = {0};
    unsigned len = o[2];

    if (len > 128 || (len + 7) / 8 > size - 8)
        return;
    memcpy(&to, o + 8, (len + 7) / 8);
    if (!ip_is_multicast(&to) && !ip_is_link_local(&to))
        set_route(dev, &to, len, router, be32(o + 4));
}

static void each_option(struct netdev *dev, const uint8_t *options, size_t len, unsigned type,
                        const struct ip_addr *router)
{
    size_t size;

    for (const uint8_t *o = NULL; (o = nd_option(options, len, type, o, &size));) {
        if (type == PREFIX && size == 32)
            take_prefix(dev, o);
        else if (type == ROUTE && size <= 24)
            take_route(dev, o, size, router);
        for (size_t at = 8; type == SERVERS && be32(o + 4) && at + 16 <= size; at += 16) {
            const struct ip_addr server = ipv6_at(o + at);
            config_dns(&server, dev);
        }
    }
}

void nd_receive_router(struct packet *p)
{
    struct netdev *dev = p->dev;
    const uint8_t *options = p->data + MESSAGE, *o;
    const struct ip_addr everywhere = {0};

    if (p->len < MESSAGE || p->data[1] || !ip_is_link_local(&p->src) ||
        !nd_options_good(options, p->len - MESSAGE))
        return;
    size_t len = p->len - MESSAGE, size;
    autoconf_router_heard(dev);
    o = nd_option(options, len, SOURCE_ADDRESS, NULL, &size);
    struct neighbour *n = o ? neighbour_get(dev, &p->src) : neighbour_find(dev, &p->src);
    if (n && o)
        neighbour_learned(n, o + 2, false);
    if (n)
        n->router = true;
    set_route(dev, &everywhere, 0, &p->src, be16(p->data + 6));
    o = nd_option(options, len, MTU, NULL, &size);
    if (o && be32(o + 4) >= IPV6_MTU_LEAST && be32(o + 4) < dev->mtu) {
        dev->mtu = be32(o + 4);
        net_changed();
    }
    each_option(dev, options, len, PREFIX, &p->src);
    each_option(dev, options, len, ROUTE, &p->src);
    each_option(dev, options, len, SERVERS, &p->src);
}
