/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that we send. */
#include "icmpv6.h"
#include "../icmp/icmp.h"
#include "../ip/ip.h"
#include "../ipv6/ipv6.h"

#include <u2k/string.h>

enum { HEADER = 8, LINK_HOP_LIMIT = 255, PORT_UNREACHABLE = 4, REASSEMBLY = 1 };

static void make_checksum(struct packet *p)
{
    put_raw16(p->data + 2, 0);
    put_raw16(p->data + 2,
              (uint16_t)~checksum(p->data, p->len,
                                  checksum_pseudo(&p->src, &p->dst, IPPROTO_ICMPV6, p->total)));
}

void icmpv6_send_on_link(struct netdev *dev, struct packet *p)
{
    p->protocol = IPPROTO_ICMPV6;
    p->ttl = LINK_HOP_LIMIT;
    make_checksum(p);
    ipv6_send_on_link(dev, p);
}

/* RFC 4443, 2.4, e: not about errors, nor what went to many, but for an option that asks for it. */
static bool about_this(const struct packet *p, unsigned type, unsigned code)
{
    bool to_many = p->flags & PACKET_BROADCAST || ip_is_multicast(&p->dst);

    if (!p->network || ip_is_any(&p->src) || ip_is_multicast(&p->src) ||
        (to_many && !(type == ICMPV6_PARAMETER && code == ICMPV6_UNKNOWN_OPTION)))
        return false;
    const uint8_t *rest = p->network + IPV6_HEADER, *end = packet_end(p);
    uint8_t next = p->network[IPV6_NEXT];
    size_t offset;
    if (end < rest || !ipv6_skip_extensions(rest, (size_t)(end - rest), &next, &offset))
        return next != IPPROTO_ICMPV6;
    return next != IPPROTO_ICMPV6 || (rest + offset < end && rest[offset] >= 128);
}

void icmpv6_error(const struct packet *p, unsigned type, unsigned code, uint32_t field)
{
    const struct ip_addr *from = ip_is_multicast(&p->dst) ? NULL : &p->dst;
    struct ip_route r;

    if (!about_this(p, type, code) || !icmp_allowed() ||
        ip_route(&p->src, from, ip_is_link_local(&p->src) ? p->dev->index : 0, &r) < 0)
        return;
    size_t n =
        MIN((size_t)(packet_end(p) - p->network), (size_t)(IPV6_MTU_LEAST - IPV6_HEADER - HEADER));
    struct packet *e = packet_new(PACKET_HEADROOM, HEADER + n);
    if (!e)
        return;
    uint8_t *m = packet_append(e, HEADER + n);
    memset(m, 0, HEADER);
    m[0] = (uint8_t)type;
    m[1] = (uint8_t)code;
    put_be32(m + 4, field);
    memcpy(m + HEADER, p->network, n);
    e->src = r.source;
    e->dst = p->src;
    e->protocol = IPPROTO_ICMPV6;
    make_checksum(e);
    ip_send(e, &r, false);
}

void icmpv6_time_exceeded(const struct packet *p)
{
    icmpv6_error(p, ICMPV6_TIME_EXCEEDED, REASSEMBLY, 0);
}

void icmpv6_port_unreachable(const struct packet *p)
{
    icmpv6_error(p, ICMPV6_UNREACHABLE, PORT_UNREACHABLE, 0);
}

/* That of a packet without extension headers: of others it is not known where the header was named. */
void icmpv6_unknown_header(const struct packet *p)
{
    if (p->network[IPV6_NEXT] == p->protocol)
        icmpv6_error(p, ICMPV6_PARAMETER, ICMPV6_UNKNOWN_HEADER, IPV6_NEXT);
}
