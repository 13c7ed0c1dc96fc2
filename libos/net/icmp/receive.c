/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that come in: echoes are answered, errors go to the transport of what they quote. */
#include "icmp.h"
#include "../ip/ip.h"
#include "../ipv4/ipv4.h"

#include <u2k/errno.h>

enum { HEADER = 8 };

static void answer_echo(struct packet *p)
{
    struct packet *answer;
    struct ip_route r;

    /* Not to groups: RFC 1122, 3.2.2.6 leaves it open, and it makes us an amplifier. */
    if (p->flags & PACKET_BROADCAST || !ip_is_ours(&p->dst, 0) ||
        ip_route(&p->src, &p->dst, 0, &r) < 0 || !(answer = packet_clone(p, PACKET_HEADROOM)))
        return;
    answer->flags = 0;
    answer->src = p->dst;
    answer->dst = p->src;
    answer->ttl = 0;
    answer->data[0] = ICMP_ECHO_REPLY;
    put_raw16(answer->data + 2, 0);
    put_raw16(answer->data + 2, (uint16_t)~packet_checksum(answer, 0, 0));
    ip_send(answer, &r, false);
}

/* RFC 1122, 3.2.2.1, and 4.2.3.9 about which of them end a connection; errors as icmp(7) of Linux has them. */
static const struct {
    uint8_t error;
    bool hard;
} unreachable[] = {
    {ENETUNREACH, false},  {EHOSTUNREACH, false}, {ENOPROTOOPT, true},  {ECONNREFUSED, true},
    {EMSGSIZE, false},     {EOPNOTSUPP, false},   {ENETUNREACH, true},  {EHOSTDOWN, true},
    {ENETUNREACH, true},   {ENETUNREACH, true},   {EHOSTUNREACH, true}, {ENETUNREACH, false},
    {EHOSTUNREACH, false}, {EHOSTUNREACH, true},  {EHOSTUNREACH, true}, {EHOSTUNREACH, true},
};

/* Routers from before RFC 1191 do not say what fits: the next of its plateaus (7.1). */
static uint32_t plateau_below(uint32_t length)
{
    static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};

    for (unsigned i = 0; i < ARRAY_SIZE(plateaus); i++)
        if (plateaus[i] < length)
            return plateaus[i];
    return 68;
}

static bool describe(unsigned type, unsigned code, struct ip_error *e)
{
    switch (type) {
    case ICMP_UNREACHABLE:
        if (code >= ARRAY_SIZE(unreachable))
            return false;
        e->error = -unreachable[code].error;
        e->hard = unreachable[code].hard;
        return true;
    case ICMP_TIME_EXCEEDED: e->error = -EHOSTUNREACH; return true;
    case ICMP_PARAMETER:
        e->error = -EPROTO;
        e->hard = true;
        return true;
    default: return false;
    }
}

/* The message is in one piece; what it quotes has to be a packet of ours. */
static void take_error(const struct packet *p, const uint8_t *message, size_t len)
{
    const uint8_t *inner = message + HEADER;
    size_t left = len - HEADER, header = left ? (inner[0] & 15u) * 4 : 0;
    unsigned code = message[1];
    struct ip_error e = {0};

    if (left < IPV4_HEADER || inner[0] >> 4 != 4 || header < IPV4_HEADER || left < header + 8 ||
        be16(inner + IPV4_FRAGMENT) & IPV4_OFFSET)
        return;
    e.src = ip_from_v4(raw32(inner + IPV4_SOURCE));
    e.dst = ip_from_v4(raw32(inner + IPV4_DESTINATION));
    e.transport = inner + header;
    e.len = left - header;
    if (!ip_is_ours(&e.src, 0) || ip_is_multicast(&e.dst) || !describe(message[0], code, &e))
        return;
    if (ip_is_loopback(&e.src) && !(p->flags & PACKET_LOOPED))
        return;
    if (message[0] == ICMP_UNREACHABLE && code == ICMP_FRAGMENTATION_NEEDED) {
        uint32_t mtu = be16(message + 6);
        if (!mtu)
            mtu = plateau_below(be16(inner + IPV4_LENGTH));
        e.mtu = ip_path_mtu_floor(&e.dst, mtu);
    }
    ip_tell_error(inner[IPV4_PROTOCOL], &e);
}

void icmp_receive(struct packet *p)
{
    enum { LOOKED_AT = HEADER + 60 + 20 }; /* the longest header, and what transports look at */
    size_t len = MIN((size_t)p->total, (size_t)LOOKED_AT);

    if (p->total < HEADER || !packet_contiguous(p, len) ||
        (!(p->flags & PACKET_LOOPED) && packet_checksum(p, 0, 0) != 0xffff)) {
        p->dev->stats.rx_errors++;
    } else if (p->data[0] == ICMP_ECHO) {
        answer_echo(p);
    } else {
        take_error(p, p->data, p->len);
    }
    packet_free(p);
}
