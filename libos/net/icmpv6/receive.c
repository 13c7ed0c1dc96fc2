/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that come in. Messages of the link come from the link: their hop limit is 255 (RFC 4861, 3.1). */
#include "icmpv6.h"
#include "../ip/ip.h"
#include "../ipv6/ipv6.h"

#include <u2k/errno.h>

enum { HEADER = 8 };

static void answer_echo(struct packet *p)
{
    struct packet *answer;
    struct ip_route r;

    /* One to a group is answered from an address of ours (RFC 4443, 4.2), as Linux does it. */
    if (ip_is_any(&p->src) ||
        ip_route(&p->src, ip_is_multicast(&p->dst) ? NULL : &p->dst,
                 ip_is_link_local(&p->src) ? p->dev->index : 0, &r) < 0 ||
        !(answer = packet_clone(p, PACKET_HEADROOM)))
        return;
    answer->flags = 0;
    answer->src = r.source;
    answer->dst = p->src;
    answer->ttl = 0;
    answer->data[0] = ICMPV6_ECHO_REPLY;
    put_raw16(answer->data + 2, 0);
    put_raw16(
        answer->data + 2,
        (uint16_t)~packet_checksum(
            answer, 0, checksum_pseudo(&answer->src, &answer->dst, IPPROTO_ICMPV6, answer->total)));
    ip_send(answer, &r, false);
}

/* Errors as ipv6(7) of Linux has them. */
static bool describe(unsigned type, unsigned code, struct ip_error *e)
{
    static const uint8_t unreachable[] = {ENETUNREACH,  EACCES, EHOSTUNREACH, EHOSTUNREACH,
                                          ECONNREFUSED, EACCES, EACCES};

    switch (type) {
    case ICMPV6_UNREACHABLE:
        if (code >= ARRAY_SIZE(unreachable))
            return false;
        e->error = -unreachable[code];
        e->hard = code == 1 || code >= 4;
        return true;
    case ICMPV6_TOO_BIG: e->error = -EMSGSIZE; return true;
    case ICMPV6_TIME_EXCEEDED: e->error = -EHOSTUNREACH; return true;
    case ICMPV6_PARAMETER:
        e->error = -EPROTO;
        e->hard = true;
        return true;
    default: return false;
    }
}

static void take_error(const struct packet *p)
{
    const uint8_t *inner = p->data + HEADER;
    size_t left = p->len - HEADER, offset;
    struct ip_error e = {0};
    uint8_t next;

    if (left < IPV6_HEADER || inner[0] >> 4 != 6)
        return;
    e.src = ipv6_at(inner + IPV6_SOURCE);
    e.dst = ipv6_at(inner + IPV6_DESTINATION);
    next = inner[IPV6_NEXT];
    left -= IPV6_HEADER;
    if (ip_is_v4(&e.src) || ip_is_v4(&e.dst) || ip_is_multicast(&e.dst) || !ip_is_ours(&e.src, 0) ||
        !ipv6_skip_extensions(inner + IPV6_HEADER, left, &next, &offset) || left - offset < 8 ||
        !describe(p->data[0], p->data[1], &e) ||
        (ip_is_loopback(&e.src) && !(p->flags & PACKET_LOOPED)))
        return;
    e.transport = inner + IPV6_HEADER + offset;
    e.len = left - offset;
    if (p->data[0] == ICMPV6_TOO_BIG)
        e.mtu = ip_path_mtu_floor(&e.dst, be32(p->data + 4));
    ip_tell_error(next, &e);
}

static void take_link_message(struct packet *p)
{
    switch (p->data[0]) {
    case ICMPV6_ROUTER_ADVERT: nd_receive_router(p); break;
    case ICMPV6_SOLICIT: nd_receive_solicit(p); break;
    case ICMPV6_ADVERT: nd_receive_advert(p); break;
    default: break; /* redirects are not followed, and we are no router */
    }
}

void icmpv6_receive(struct packet *p)
{
    /* What is looked at is in one piece: link messages whole, of errors the quoted headers. */
    size_t len = MIN((size_t)p->total, (size_t)IPV6_MTU_LEAST);

    if (p->total < HEADER || !packet_contiguous(p, len) ||
        (!(p->flags & PACKET_LOOPED) &&
         packet_checksum(p, 0, checksum_pseudo(&p->src, &p->dst, IPPROTO_ICMPV6, p->total)) !=
             0xffff)) {
        p->dev->stats.rx_errors++;
    } else if (p->data[0] == ICMPV6_ECHO) {
        answer_echo(p);
    } else if (p->data[0] == ICMPV6_MLD_QUERY) {
        if (ip_is_link_local(&p->src) && p->ttl == 1)
            mld_query(p->dev);
    } else if (p->data[0] < 128) {
        take_error(p);
    } else if (p->ttl == 255 && !(p->dev->features & NETDEV_NO_ARP)) {
        take_link_message(p);
    }
    packet_free(p);
}
