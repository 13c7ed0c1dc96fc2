/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out: the header in front, and fragments of what is too long. */
#include "ipv4.h"
#include "../ethernet/ethernet.h"
#include "../ip/ip.h"

#include <u2k/errno.h>
#include <u2k/string.h>

enum { TTL = 64 }; /* RFC 1700, as Linux has it */

static ALWAYS_INLINE void push_header(struct packet *p, uint32_t second)
{
    uint8_t *h = packet_retreat(p, IPV4_HEADER);
    /* As the bytes lie in memory, the first one lowest. */
    uint32_t first = 0x45u | (uint32_t)p->tos << 8 | (uint32_t)net16(p->total) << 16;
    uint32_t third = (p->ttl ? p->ttl : (uint32_t)TTL) | (uint32_t)p->protocol << 8;
    uint32_t src = ip_v4(&p->src), dst = ip_v4(&p->dst);
    uint64_t sum = (uint64_t)first + second + third + src + dst;

    sum = (sum & 0xffffffff) + (sum >> 32);
    sum += sum << 32 | sum >> 32; /* the upper half is the sum with its carry */
    uint32_t folded = (uint32_t)(sum >> 32);
    folded = (folded & 0xffff) + (folded >> 16);
    folded += folded >> 16;
    put_raw32(h, first);
    put_raw32(h + IPV4_ID, second);
    put_raw32(h + IPV4_TTL, third | ~folded << 16);
    put_raw32(h + IPV4_SOURCE, src);
    put_raw32(h + IPV4_DESTINATION, dst);
    p->network = h;
}

void ipv4_push_header(struct packet *p, uint16_t fragment, uint16_t id)
{
    if (UNLIKELY(packet_headroom(p) < IPV4_HEADER))
        packet_no_room(IPV4_HEADER);
    push_header(p, net32((uint32_t)id << 16 | fragment));
}

/* Longer than the path takes, or it may be cut on the way: then its number must not be guessed. */
static COLD int send_rarely(struct packet *p, const struct ip_route *r, bool dont_fragment)
{
    bool fits = p->total + IPV4_HEADER <= r->mtu;

    if (!fits && !p->gso && !dont_fragment)
        return ipv4_send_fragments(p, r);
    if ((!fits && !p->gso) || p->total + IPV4_HEADER > 65535) {
        packet_free(p);
        return -EMSGSIZE;
    }
    ipv4_push_header(p, dont_fragment ? IPV4_DF : 0, (uint16_t)ip_random());
    return neighbour_send(r->neighbour, p);
}

int ipv4_send(struct packet *p, struct ip_route *r, bool dont_fragment)
{
    static uint32_t next_id; /* of what is never fragmented: RFC 6864, 4.1 */

    p->transport = p->data;
    if (UNLIKELY(p->total + IPV4_HEADER > (p->gso ? 65535 : r->mtu)) || !dont_fragment)
        return send_rarely(p, r, dont_fragment);
    if (UNLIKELY(packet_headroom(p) < IPV4_HEADER))
        packet_no_room(IPV4_HEADER);
    push_header(p, (next_id++ & 0xffff) | (uint32_t)net16(IPV4_DF) << 16);
    return neighbour_send(r->neighbour, p);
}

/* RFC 791, 2.3. Each has a copy of its part of the payload; the transport's checksum is of the whole. */
int ipv4_send_fragments(struct packet *p, const struct ip_route *r)
{
    uint32_t step = (r->mtu - IPV4_HEADER) & ~7u, total = p->total;
    uint16_t id = (uint16_t)ip_random();
    int error = total + IPV4_HEADER > 65535 ? -EMSGSIZE : 0;

    if (p->flags & PACKET_SUM_WANTED)
        packet_finish_checksum(p);
    netdev_hold();
    for (uint32_t at = 0; at < total && !error; at += step) {
        uint32_t n = MIN(step, total - at);
        struct packet *f = packet_new(PACKET_HEADROOM, n);
        if (!f) {
            error = -ENOBUFS;
            break;
        }
        packet_copy(p, at, packet_append(f, n), n);
        f->src = p->src;
        f->dst = p->dst;
        f->protocol = p->protocol;
        f->ttl = p->ttl;
        f->tos = p->tos;
        if (!at)
            f->transport = f->data;
        ipv4_push_header(f, (uint16_t)(at / 8 | (at + n < total ? IPV4_MF : 0)), id);
        error = neighbour_send(r->neighbour, f);
    }
    netdev_release();
    packet_free(p);
    return error;
}
