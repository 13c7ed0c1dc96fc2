/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out: the header, and fragments of what is too long (RFC 8200, 4.5). */
#include "ipv6.h"
#include "../ethernet/ethernet.h"
#include "../ip/ip.h"

#include <u2k/errno.h>
#include <u2k/string.h>

enum { HOP_LIMIT = 64, FRAGMENT_HEADER = 8 };

static ALWAYS_INLINE void push_header(struct packet *p)
{
    uint32_t len = p->total, limit = p->ttl ? p->ttl : (uint32_t)HOP_LIMIT;
    uint8_t *h = packet_retreat(p, IPV6_HEADER);

    put_be32(h, 0x60000000u | (uint32_t)p->tos << 20);
    /* As the bytes lie in memory, the first one lowest. */
    put_raw32(h + IPV6_LENGTH, net16(len) | (uint32_t)p->protocol << 16 | limit << 24);
    __builtin_memcpy(h + IPV6_SOURCE, &p->src, 16);
    __builtin_memcpy(h + IPV6_DESTINATION, &p->dst, 16);
    p->network = h;
}

void ipv6_push_header(struct packet *p)
{
    if (UNLIKELY(packet_headroom(p) < IPV6_HEADER))
        packet_no_room(IPV6_HEADER);
    push_header(p);
}

static COLD int send_fragments(struct packet *p, const struct ip_route *r)
{
    uint32_t step = (MAX(r->mtu, (uint32_t)IPV6_MTU_LEAST) - IPV6_HEADER - FRAGMENT_HEADER) & ~7u;
    uint32_t total = p->total, id = ip_random();
    int error = 0;

    if (p->flags & PACKET_SUM_WANTED)
        packet_finish_checksum(p);
    netdev_hold();
    for (uint32_t at = 0; at < total && !error; at += step) {
        uint32_t n = MIN(step, total - at);
        struct packet *f = packet_new(PACKET_HEADROOM, FRAGMENT_HEADER + n);
        if (!f) {
            error = -ENOBUFS;
            break;
        }
        uint8_t *h = packet_append(f, FRAGMENT_HEADER + n);
        h[0] = p->protocol;
        h[1] = 0;
        put_be16(h + 2, (uint16_t)(at | (at + n < total)));
        put_raw32(h + 4, id);
        packet_copy(p, at, h + FRAGMENT_HEADER, n);
        f->src = p->src;
        f->dst = p->dst;
        f->ttl = p->ttl;
        f->tos = p->tos;
        f->protocol = IPV6_FRAGMENT;
        ipv6_push_header(f);
        error = neighbour_send(r->neighbour, f);
    }
    netdev_release();
    packet_free(p);
    return error;
}

/* Longer than the path takes. */
static COLD int send_rarely(struct packet *p, const struct ip_route *r, bool dont_fragment)
{
    if (!p->gso && !dont_fragment && p->total <= 65535)
        return send_fragments(p, r);
    packet_free(p);
    return -EMSGSIZE;
}

int ipv6_send(struct packet *p, struct ip_route *r, bool dont_fragment)
{
    p->transport = p->data;
    if (UNLIKELY(p->total + IPV6_HEADER > (p->gso ? 65535u + IPV6_HEADER : r->mtu)))
        return send_rarely(p, r, dont_fragment);
    ipv6_push_header(p);
    return neighbour_send(r->neighbour, p);
}

int ipv6_send_on_link(struct netdev *dev, struct packet *p)
{
    struct neighbour *n = neighbour_get(dev, &p->dst);

    if (!n) {
        packet_free(p);
        return -ENOBUFS;
    }
    ipv6_push_header(p);
    return neighbour_send(n, p);
}
