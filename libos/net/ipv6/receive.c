/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in: the header, and extension headers (RFC 8200, 4) up to a number that no honest packet reaches (RFC
 * 8504, 5.3). Mapped addresses are not for the wire (RFC 4291, 2.5.5.2, is about nodes' own use).
 */
#include "ipv6.h"
#include "../icmpv6/icmpv6.h"
#include "../ip/ip.h"

enum { HEADERS_MAX = 8, OPTIONS_MAX = 8 };

/* A packet whose headers are looked at; offsets from its network header on are for error messages. */
struct chain {
    struct packet *p;
    uint8_t next; /* the kind of what is at data */
    uint32_t next_at; /* where that was said */
    unsigned headers;
    bool reassembled;
};

static COLD void drop(struct packet *p)
{
    p->dev->stats.rx_dropped++;
    packet_free(p);
}

static uint32_t offset_of(const struct packet *p)
{
    return (uint32_t)(p->data - p->network);
}

static void complain(const struct chain *c, unsigned code, uint32_t pointer)
{
    if (!c->reassembled)
        icmpv6_error(c->p, ICMPV6_PARAMETER, code, pointer);
}

/* RFC 8200, 4.2: what an unknown option asks for stands in its upper two bits. False: discard. */
static bool options_good(const struct chain *c, size_t len)
{
    enum { PAD1 = 0, PADN = 1, ROUTER_ALERT = 5 };
    const uint8_t *h = c->p->data;
    unsigned count = 0;

    for (size_t at = 2; at < len;) {
        if (h[at] == PAD1) {
            at++;
            continue;
        }
        if (len - at < 2 || h[at + 1] > len - at - 2 || ++count > OPTIONS_MAX)
            return false;
        unsigned action = h[at] >> 6;
        if (h[at] != PADN && h[at] != ROUTER_ALERT && action) {
            if (action == 2 || (action == 3 && !ip_is_multicast(&c->p->dst)))
                complain(c, ICMPV6_UNKNOWN_OPTION, offset_of(c->p) + (uint32_t)at);
            return false;
        }
        at += 2u + h[at + 1];
    }
    return true;
}

/* RFC 7112: all headers are in the first fragment. */
static bool first_is_whole(const struct packet *p, uint8_t next)
{
    size_t offset;

    return ipv6_skip_extensions(p->data, p->len, &next, &offset) && offset < p->len;
}

/* NULL: it waits for others, or is gone. */
static struct packet *take_fragment(struct chain *c)
{
    struct packet *p = c->p;
    const uint8_t *h = p->data;
    unsigned field = be16(h + 2);
    struct fragment f = {.src = p->src,
                         .dst = p->dst,
                         .id = raw32(h + 4),
                         .offset = field & 0xfff8u,
                         .more = field & 1,
                         .protocol = h[0]};

    c->next = h[0];
    c->next_at = offset_of(p);
    packet_pull(p, 8);
    if (!f.offset && !f.more) /* an atomic one is by itself: RFC 6946 */
        return p;
    if (c->reassembled || (!f.offset && !first_is_whole(p, f.protocol))) {
        drop(p);
        return NULL;
    }
    p = ip_reassemble(p, &f);
    if (p) {
        c->reassembled = true;
        c->next = p->protocol;
    }
    return p;
}

/* False: the packet is gone. */
static bool take_extension(struct chain *c)
{
    struct packet *p = c->p;

    if (++c->headers > HEADERS_MAX || !packet_contiguous(p, 8)) {
        drop(p);
        return false;
    }
    if (c->next == IPV6_FRAGMENT) {
        c->p = take_fragment(c);
        return c->p != NULL;
    }
    const uint8_t *h = p->data;
    size_t len = (h[1] + 1u) * 8;
    bool good = packet_contiguous(p, len);
    if (good && c->next == IPV6_ROUTING && h[3]) { /* segments are left: we are no router */
        complain(c, ICMPV6_ERRONEOUS, offset_of(p) + 2);
        good = false;
    } else if (good && c->next != IPV6_ROUTING) {
        good = options_good(c, len);
    }
    if (!good) {
        drop(p);
        return false;
    }
    c->next = h[0];
    c->next_at = offset_of(p);
    packet_pull(p, len);
    return true;
}

static void deliver(const struct chain *c)
{
    struct packet *p = c->p;

    p->protocol = c->next;
    p->transport = p->data;
    bool wanted = ip_raw_sockets && raw_receive(p);
    switch (c->next) {
    case IPPROTO_TCP: tcp_receive(p); break;
    case IPPROTO_UDP: udp_receive(p); break;
    case IPPROTO_ICMPV6: icmpv6_receive(p); break;
    default:
        if (!wanted && c->next != IPV6_NOTHING)
            complain(c, ICMPV6_UNKNOWN_HEADER, c->next_at);
        packet_free(p);
    }
}

static bool is_extension(const struct chain *c)
{
    return c->next == IPV6_ROUTING || c->next == IPV6_FRAGMENT ||
           c->next == IPV6_DESTINATION_OPTIONS || (c->next == IPV6_HOP_BY_HOP && !c->headers);
}

static COLD bool addresses_good(const struct packet *p)
{
    if (ip_is_multicast(&p->src) || ip_is_v4(&p->src) || ip_is_v4(&p->dst) || ip_is_any(&p->dst))
        return false;
    if (!(p->flags & PACKET_LOOPED) && (ip_is_loopback(&p->src) || ip_is_loopback(&p->dst)))
        return false;
    return ip_is_ours(&p->dst, 0) || (ip_is_multicast(&p->dst) && ip_group_joined(p->dev, &p->dst));
}

/* Extension headers, and what is not for TCP. */
static COLD void receive_rarely(struct packet *p, uint8_t next)
{
    struct chain c = {.p = p, .next = next, .next_at = IPV6_NEXT};

    while (is_extension(&c))
        if (!take_extension(&c))
            return;
    deliver(&c);
}

/* Two addresses that were looked at last, and how they came: the next packet most often has the same. */
static struct {
    struct ip_addr src, dst;
    const struct netdev *dev;
    uint32_t generation;
} good;

void ipv6_receive(struct packet *p)
{
    const uint8_t *h = p->data;
    size_t total;

    if (UNLIKELY((p->len < IPV6_HEADER && !packet_contiguous(p, IPV6_HEADER)) || h[0] >> 4 != 6 ||
                 (total = IPV6_HEADER + (size_t)be16(h + IPV6_LENGTH)) > p->total)) {
        p->dev->stats.rx_errors++;
        packet_free(p);
        return;
    }
    if (UNLIKELY(p->total != total))
        packet_trim(p, total);
    p->src = ipv6_at(h + IPV6_SOURCE);
    p->dst = ipv6_at(h + IPV6_DESTINATION);
    p->ttl = h[IPV6_HOP_LIMIT];
    p->tos = (uint8_t)(be16(h) >> 4);
    p->protocol = h[IPV6_NEXT];
    packet_advance(p, IPV6_HEADER);
    p->transport = p->data;
    if (UNLIKELY(good.generation != net_generation || good.dev != p->dev ||
                 !ip_same(&good.src, &p->src) || !ip_same(&good.dst, &p->dst))) {
        if (!addresses_good(p)) {
            drop(p);
            return;
        }
        if (!ip_is_multicast(&p->dst)) {
            good.src = p->src;
            good.dst = p->dst;
            good.dev = p->dev;
            good.generation = net_generation;
        }
    }
    if (LIKELY(p->protocol == IPPROTO_TCP && !ip_raw_sockets))
        tcp_receive(p);
    else
        receive_rarely(p, p->protocol);
}

bool ipv6_skip_extensions(const uint8_t *at, size_t len, uint8_t *next, size_t *offset)
{
    *offset = 0;
    for (unsigned i = 0; i <= HEADERS_MAX; i++) {
        if (*next != IPV6_HOP_BY_HOP && *next != IPV6_ROUTING && *next != IPV6_FRAGMENT &&
            *next != IPV6_DESTINATION_OPTIONS)
            return true;
        const uint8_t *h = at + *offset;
        if (len - *offset < 8 || (*next == IPV6_FRAGMENT && be16(h + 2) & 0xfff8))
            return false;
        size_t n = *next == IPV6_FRAGMENT ? 8 : (h[1] + 1u) * 8;
        if (n > len - *offset)
            return false;
        *next = h[0];
        *offset += n;
    }
    return false;
}
