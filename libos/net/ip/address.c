/* SPDX-License-Identifier: Apache-2.0 */
/* Our addresses. */
#include "ip.h"

#include <u2k/errno.h>
#include <u2k/pages.h>
#include <u2k/string.h>

#define V4_BITS_BEFORE 96 /* of the mapped form */

static unsigned mapped_bits(const struct ip_addr *a, unsigned bits)
{
    return ip_is_v4(a) ? bits + V4_BITS_BEFORE : bits;
}

struct ip_addr ip_masked(const struct ip_addr *a, unsigned bits)
{
    struct ip_addr out = *a;
    unsigned keep = mapped_bits(a, bits);

    for (unsigned i = 0; i < 16; i++) {
        unsigned n = keep > 8 * i ? MIN(keep - 8 * i, 8u) : 0;
        out.bytes[i] &= (uint8_t)(0xff00u >> n);
    }
    return out;
}

bool ip_prefix_same(const struct ip_addr *a, const struct ip_addr *b, unsigned bits)
{
    uint64_t x = a->halves[0] ^ b->halves[0], y = a->halves[1] ^ b->halves[1];

    bits = mapped_bits(a, bits);
    if (bits <= 64)
        return !bits || !(__builtin_bswap64(x) >> (64 - bits));
    return !x && !(__builtin_bswap64(y) >> (128 - bits));
}

struct ip_addr ip_solicited_node(const struct ip_addr *a)
{
    struct ip_addr group = {.bytes = {0xff, 2, [11] = 1, 0xff}};

    memcpy(group.bytes + 13, a->bytes + 13, 3);
    return group;
}

struct netdev_addr *ip_addr_find(const struct ip_addr *a, unsigned device)
{
    NETDEV_FOR_EACH(dev)
    {
        if (device && dev->index != device)
            continue;
        LIST_FOR_EACH(it, &dev->addresses)
        {
            struct netdev_addr *own = LIST_ENTRY(it, struct netdev_addr, link);
            if (ip_same(&own->addr, a))
                return own;
        }
    }
    return NULL;
}

/* All of 127/8 is this host (RFC 1122, 3.2.1.3, g). A tentative address is nobody's yet (RFC 4862, 5.4). */
bool ip_is_ours(const struct ip_addr *a, unsigned device)
{
    static struct ip_addr last;
    static uint32_t last_generation;
    const struct netdev *dev;

    if (!device && last_generation == net_generation && ip_same(&last, a))
        return true;
    if (ip_is_v4(a) && ip_is_loopback(a))
        return !device || ((dev = netdev_by_index(device)) && dev->flags & IFF_LOOPBACK);
    const struct netdev_addr *own = ip_addr_find(a, device);
    if (!own || own->state == ADDR_TENTATIVE)
        return false;
    if (!device) {
        last = *a;
        last_generation = net_generation;
    }
    return true;
}

bool ip_is_broadcast(const struct ip_addr *a)
{
    if (!ip_is_v4(a))
        return false;
    if (ip_v4(a) == UINT32_MAX)
        return true;
    NETDEV_FOR_EACH(dev)
    LIST_FOR_EACH(it, &dev->addresses)
    {
        const struct netdev_addr *own = LIST_ENTRY(it, struct netdev_addr, link);
        if (ip_is_v4(&own->addr) && own->prefix < 31 && ip_same(&own->broadcast, a))
            return true;
    }
    return false;
}

int ip_addr_add_alone(struct netdev *dev, const struct ip_addr *a, unsigned prefix)
{
    const struct ip_addr group = ip_solicited_node(a);

    if (prefix > (ip_is_v4(a) ? 32u : 128u) || ip_is_any(a) || ip_is_multicast(a))
        return -EINVAL;
    if (ip_addr_find(a, dev->index))
        return -EEXIST;
    struct netdev_addr *own = NEW(struct netdev_addr);
    if (!own)
        return -ENOMEM;
    own->addr = own->broadcast = *a;
    own->prefix = (uint8_t)prefix;
    own->state = ADDR_PREFERRED;
    own->valid_until = own->preferred_until = TIME_NEVER;
    if (ip_is_v4(a) && prefix < 31)
        own->broadcast.words[3] |= net32(UINT32_MAX >> prefix);
    list_push_back(&dev->addresses, &own->link);
    net_changed();
    if (!ip_is_v4(a) && !(dev->flags & IFF_LOOPBACK))
        ip_group_join(dev, &group);
    return 0;
}

int ip_addr_add(struct netdev *dev, const struct ip_addr *a, unsigned prefix)
{
    const struct ip_addr net = ip_masked(a, prefix);
    const struct ip_addr none = ip_is_v4(a) ? ip_from_v4(0) : (struct ip_addr){0};
    int error = ip_addr_add_alone(dev, a, prefix);

    if (error || dev->flags & IFF_LOOPBACK)
        return error;
    error = ip_route_add(&net, prefix, &none, dev, ip_is_v4(a) ? 0 : 256);
    return error == -EEXIST ? 0 : error;
}

int ip_addr_remove(struct netdev *dev, const struct ip_addr *a)
{
    struct netdev_addr *own = ip_addr_find(a, dev->index);

    if (!own)
        return -EADDRNOTAVAIL;
    const struct ip_addr net = ip_masked(a, own->prefix), group = ip_solicited_node(a);
    unsigned prefix = own->prefix;
    if (!ip_is_v4(a))
        ip_group_leave(dev, &group);
    list_remove(&own->link);
    DELETE(own);
    net_changed();
    LIST_FOR_EACH(it, &dev->addresses)
    { /* another one may be on the same link */
        own = LIST_ENTRY(it, struct netdev_addr, link);
        if (own->prefix == prefix && ip_is_v4(&own->addr) == ip_is_v4(a) &&
            ip_prefix_same(&own->addr, &net, prefix))
            return 0;
    }
    ip_route_remove(&net, prefix, dev);
    return 0;
}
