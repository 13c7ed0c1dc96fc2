/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of a source address (RFC 6724, 5), for IPv4 too, where only some of the rules say something. */
#include "ip.h"

/* RFC 6724, 3.1, and RFC 4007: of unicast addresses what they are, of groups what stands in them. */
static unsigned scope_of(const struct ip_addr *a)
{
    if (!ip_is_v4(a) && ip_is_multicast(a))
        return a->bytes[1] & 15;
    return ip_is_link_local(a) || ip_is_loopback(a) ? 2 : 14;
}

/* Of the default policy table (RFC 6724, 2.1) the rows that can differ between addresses of one version. */
static unsigned label_of(const struct ip_addr *a)
{
    if (ip_is_v4(a))
        return 4;
    if (ip_is_loopback(a))
        return 0;
    if (a->bytes[0] == 0x20 && a->bytes[1] == 0x02)
        return 2;
    if (raw32(a->bytes) == net32(0x20010000))
        return 5;
    return (a->bytes[0] & 0xfe) == 0xfc ? 13 : 1;
}

static unsigned common_bits(const struct ip_addr *a, const struct ip_addr *b)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t differ = __builtin_bswap64(a->halves[i] ^ b->halves[i]);
        if (differ)
            return 64 * i + (unsigned)__builtin_clzll(differ);
    }
    return 128;
}

/* Larger is better; each rule outweighs those after it. */
static unsigned score(const struct netdev_addr *own, const struct netdev *on,
                      const struct netdev *leaves, const struct ip_addr *to)
{
    unsigned scope = scope_of(&own->addr), wanted = scope_of(to);
    unsigned points = 0;

    /* Rule 2: the smallest scope that is large enough, else the largest. */
    points = scope >= wanted ? 0x20 - scope : scope;
    points = points << 1 | (own->state == ADDR_PREFERRED); /* rule 3 */
    points = points << 1 | (on == leaves); /* rule 5 */
    points = points << 1 | (label_of(&own->addr) == label_of(to)); /* rule 6 */
    return points << 8 | MIN(common_bits(&own->addr, to),
                             (unsigned)own->prefix + (ip_is_v4(to) ? 96 : 0)); /* rule 8 */
}

bool ip_source_choose(const struct ip_addr *to, const struct netdev *dev, struct ip_addr *out)
{
    unsigned best = 0;

    NETDEV_FOR_EACH(on)
    {
        if (on != dev && (on->flags & IFF_LOOPBACK))
            continue;
        LIST_FOR_EACH(it, &on->addresses)
        {
            const struct netdev_addr *own = LIST_ENTRY(it, struct netdev_addr, link);
            if (ip_is_v4(&own->addr) != ip_is_v4(to) || own->state == ADDR_TENTATIVE ||
                (on != dev && ip_is_link_local(&own->addr)))
                continue;
            unsigned points = score(own, on, dev, to) + 1;
            if (points > best) {
                best = points;
                *out = own->addr;
            }
        }
    }
    return best != 0;
}
