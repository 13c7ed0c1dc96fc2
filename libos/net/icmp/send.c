/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that we send: RFC 1122, 3.2.2 says about what never, and RFC 1812, 4.3.2.8 asks for a bound. */
#include "icmp.h"
#include "../ip/ip.h"
#include "../ipv4/ipv4.h"

#include <u2k/sched.h>
#include <u2k/string.h>

enum {
    HEADER = 8,
    LONGEST = 576 - IPV4_HEADER, /* of a message: RFC 1812, 4.3.2.3 */
    PER_SECOND = 1000,
    BURST = 50, /* both as Linux has them: icmp_msgs_per_sec, icmp_msgs_burst */
};

bool icmp_allowed(void)
{
    static uint64_t full_at; /* when the bucket is full again */
    const uint64_t each = NSEC_PER_SEC / PER_SECOND;
    uint64_t now = clock_monotonic();

    full_at = MAX(full_at, now) + each;
    if (full_at - now <= BURST * each)
        return true;
    full_at -= each;
    return false;
}

/* About a first fragment, from one host to one host, and not about an error. */
static bool about_this(const struct packet *p)
{
    if (p->flags & PACKET_BROADCAST || !p->network || !ip_is_ours(&p->dst, 0) ||
        ip_is_any(&p->src) || ip_is_multicast(&p->src) || ip_is_broadcast(&p->src) ||
        be16(p->network + IPV4_FRAGMENT) & IPV4_OFFSET)
        return false;
    if (p->protocol != IPPROTO_ICMP)
        return true;
    uint8_t type;
    return packet_copy(p, 0, &type, 1) && (type == ICMP_ECHO || type == ICMP_ECHO_REPLY);
}

/* The IP header and what follows it, as far as it is in the first buffer. */
static size_t quoted_length(const struct packet *p)
{
    return MIN((size_t)(packet_end(p) - p->network), (size_t)(LONGEST - HEADER));
}

void icmp_error(const struct packet *p, unsigned type, unsigned code, uint32_t field)
{
    struct ip_route r;

    if (!about_this(p) || !icmp_allowed() || ip_route(&p->src, &p->dst, 0, &r) < 0)
        return;
    size_t n = quoted_length(p);
    struct packet *e = packet_new(PACKET_HEADROOM, HEADER + n);
    if (!e)
        return;
    uint8_t *m = packet_append(e, HEADER + n);
    memset(m, 0, HEADER);
    m[0] = (uint8_t)type;
    m[1] = (uint8_t)code;
    put_be32(m + 4, field);
    memcpy(m + HEADER, p->network, n);
    put_raw16(m + 2, (uint16_t)~checksum(m, HEADER + n, 0));
    e->src = p->dst;
    e->dst = p->src;
    e->protocol = IPPROTO_ICMP;
    e->tos = 0xc0; /* internetwork control: RFC 1812, 4.3.2.5 */
    ip_send(e, &r, false);
}
