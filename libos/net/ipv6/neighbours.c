/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery (RFC 4861, 7): who has an address, and that we have ours. */
#include "ipv6.h"
#include "../ethernet/ethernet.h"
#include "../icmpv6/icmpv6.h"
#include "../ip/ip.h"

#include <u2k/string.h>

enum { MESSAGE = 24, OPTION = 8, SOURCE_ADDRESS = 1, TARGET_ADDRESS = 2 };
enum { FLAG_ROUTER = 0x80, FLAG_SOLICITED = 0x40, FLAG_OVERRIDE = 0x20 };

const uint8_t *nd_option(const uint8_t *options, size_t len, unsigned type, const uint8_t *after,
                         size_t *size)
{
    for (size_t at = after ? (size_t)(after - options) + after[1] * 8u : 0; at + 8 <= len;) {
        size_t n = options[at + 1] * 8u;
        if (!n || n > len - at)
            return NULL;
        if (options[at] == type) {
            *size = n;
            return options + at;
        }
        at += n;
    }
    return NULL;
}

bool nd_options_good(const uint8_t *options, size_t len)
{
    while (len) {
        size_t n = len >= 8 ? options[1] * 8u : 0;
        if (!n || n > len)
            return false;
        options += n;
        len -= n;
    }
    return true;
}

/* A solicitation or an advertisement with our link-layer address, if it is to have one. */
static void send(struct netdev *dev, unsigned type, uint8_t flags, const struct ip_addr *target,
                 const struct ip_addr *src, const struct ip_addr *dst, unsigned option)
{
    struct packet *p = packet_new(PACKET_HEADROOM, MESSAGE + OPTION);

    if (!p)
        return;
    uint8_t *m = packet_append(p, option ? MESSAGE + OPTION : MESSAGE);
    memset(m, 0, 8);
    m[0] = (uint8_t)type;
    m[4] = flags;
    memcpy(m + 8, target, 16);
    if (option) {
        m[MESSAGE] = (uint8_t)option;
        m[MESSAGE + 1] = 1;
        memcpy(m + MESSAGE + 2, dev->mac, ETH_ALEN);
    }
    p->src = *src;
    p->dst = *dst;
    icmpv6_send_on_link(dev, p);
}

void nd_solicit(struct neighbour *n, bool unicast)
{
    const struct ip_addr group = ip_solicited_node(&n->addr);
    struct ip_addr src;

    if (ip_source_choose(&n->addr, n->dev, &src))
        send(n->dev, ICMPV6_SOLICIT, 0, &n->addr, &src, unicast ? &n->addr : &group,
             SOURCE_ADDRESS);
}

void nd_probe(struct netdev *dev, const struct ip_addr *a)
{
    const struct ip_addr group = ip_solicited_node(a), nobody = {0};

    send(dev, ICMPV6_SOLICIT, 0, a, &nobody, &group, 0);
}

static void learn(struct netdev *dev, const struct ip_addr *a, const uint8_t *option, bool make)
{
    struct neighbour *n = make ? neighbour_get(dev, a) : neighbour_find(dev, a);

    if (n && option)
        neighbour_learned(n, option + 2, false);
}

/* RFC 4861, 7.1.1 and 7.2.3; RFC 4862, 5.4.3. */
void nd_receive_solicit(struct packet *p)
{
    struct netdev *dev = p->dev;
    const struct ip_addr everyone = ipv6_link_group(GROUP_ALL_NODES);

    if (p->len < MESSAGE || p->data[1] || !nd_options_good(p->data + MESSAGE, p->len - MESSAGE))
        return;
    const struct ip_addr target = ipv6_at(p->data + 8);
    const struct ip_addr group = ip_solicited_node(&target);
    size_t size;
    const uint8_t *option =
        nd_option(p->data + MESSAGE, p->len - MESSAGE, SOURCE_ADDRESS, NULL, &size);
    bool probe = ip_is_any(&p->src);
    const struct netdev_addr *own = ip_addr_find(&target, dev->index);

    if (ip_is_multicast(&target) || (probe && (option || !ip_same(&p->dst, &group))) || !own)
        return;
    if (own->state == ADDR_TENTATIVE) {
        if (probe) /* we both ask: neither may have it */
            autoconf_conflict(dev, &target);
        return;
    }
    if (!probe && option)
        learn(dev, &p->src, option, true);
    send(dev, ICMPV6_ADVERT, probe ? FLAG_OVERRIDE : FLAG_SOLICITED | FLAG_OVERRIDE, &target,
         &target, probe ? &everyone : &p->src, TARGET_ADDRESS);
}

/* RFC 4861, 7.2.5: what is not known is not learned; without the override flag an address that differs is not
 * taken, though the entry is doubted. */
void nd_receive_advert(struct packet *p)
{
    if (p->len < MESSAGE || p->data[1] || !nd_options_good(p->data + MESSAGE, p->len - MESSAGE))
        return;
    const struct ip_addr target = ipv6_at(p->data + 8);
    uint8_t flags = p->data[4];
    size_t size;
    const uint8_t *option =
        nd_option(p->data + MESSAGE, p->len - MESSAGE, TARGET_ADDRESS, NULL, &size);

    if (ip_is_multicast(&target) || (flags & FLAG_SOLICITED && ip_is_multicast(&p->dst)))
        return;
    if (ip_addr_find(&target, p->dev->index)) {
        autoconf_conflict(p->dev, &target);
        return;
    }
    struct neighbour *n = neighbour_find(p->dev, &target);
    if (!n || n->state == NEIGHBOUR_NEW || n->state == NEIGHBOUR_FIXED)
        return;
    bool known = n->state >= NEIGHBOUR_STALE;
    n->router = flags & FLAG_ROUTER;
    if (!known && !option)
        return;
    bool same = known && (!option || mac_same(option + 2, neighbour_mac(n)));
    if (!same && known && !(flags & FLAG_OVERRIDE)) {
        if (n->state == NEIGHBOUR_REACHABLE)
            n->state = NEIGHBOUR_STALE;
        return;
    }
    neighbour_learned(n, option ? option + 2 : neighbour_mac(n), flags & FLAG_SOLICITED);
}
