/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out: the header in front, and fragments of what is too long. */
#include "ipv4.h"
#include "../ethernet/ethernet.h"
#include "../ip/ip.h"

#include <u2k/errno.h>
#include <u2k/string.h>

enum { TTL = 64 }; /* RFC 1700, as Linux has it */

void ipv4_push_header(struct packet *p, uint16_t fragment, uint16_t id)
{
    uint8_t *h = packet_push(p, IPV4_HEADER);
    uint32_t first = net32(0x45000000u | (uint32_t)p->tos << 16 | (p->total & 0xffff));
    uint32_t second = net32((uint32_t)id << 16 | fragment);
    uint32_t third = net32((uint32_t)(p->ttl ? p->ttl : TTL) << 24 | (uint32_t)p->protocol << 16);
    uint32_t src = ip_v4(&p->src), dst = ip_v4(&p->dst);
    uint64_t sum = (uint64_t)first + second + third + src + dst;

    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    put_raw32(h, first);
    put_raw32(h + IPV4_ID, second);
    put_raw32(h + IPV4_TTL, third);
    put_raw16(h + IPV4_SUM, (uint16_t)~sum);
    put_raw32(h + IPV4_SOURCE, src);
    put_raw32(h + IPV4_DESTINATION, dst);
    p->network = h;
}

int ipv4_send(struct packet *p, struct ip_route *r, bool dont_fragment)
{
    static uint16_t next_id; /* of what is never fragmented: RFC 6864, 4.1 */

    p->transport = p->data;
    if (UNLIKELY(p->total + IPV4_HEADER > r->mtu) && !p->gso) {
        if (!dont_fragment)
            return ipv4_send_fragments(p, r);
        packet_free(p);
        return -EMSGSIZE;
    }
    if (UNLIKELY(p->total + IPV4_HEADER > 65535)) {
        packet_free(p);
        return -EMSGSIZE;
    }
    ipv4_push_header(p, dont_fragment ? IPV4_DF : 0,
                     dont_fragment ? next_id++ : (uint16_t)ip_random());
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
