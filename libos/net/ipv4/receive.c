/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in. All that is said of a packet is checked before anything is done with it (RFC 1122, 3.2.1); options
 * are passed over but for source routes, which nobody honours any more (RFC 7126, 4.3 and 4.4: dropped).
 */
#include "ipv4.h"
#include "../igmp/igmp.h"
#include "../ip/ip.h"

#include <u2k/optional.h>

IF_LINKED(part_dhcp, dhcp_receive, unlinked_nothing);
IF_LINKED(part_udp, igmp_receive, packet_free);

bool ipv4_dhcp_listens;

static COLD void drop(struct packet *p, uint64_t *counter)
{
    ++*counter;
    packet_free(p);
}

/* False: malformed, or a source route. `len` bytes, the fixed header's among them, are there. */
static bool options_good(const uint8_t *header, unsigned len)
{
    enum { END = 0, NOTHING = 1, LOOSE = 131, STRICT = 137 };

    for (unsigned at = IPV4_HEADER; at < len && header[at] != END;) {
        if (header[at] == NOTHING) {
            at++;
            continue;
        }
        unsigned kind = header[at], n = at + 1 < len ? header[at + 1] : 0;
        if (n < 2 || n > len - at || kind == LOOSE || kind == STRICT)
            return false;
        at += n;
    }
    return true;
}

/* RFC 1122, 3.2.1.3: what may not be a source, and this host's own addresses from outside (RFC 1812, 5.3.7). */
static bool source_good(const struct packet *p)
{
    if (p->flags & PACKET_LOOPED)
        return true;
    return !ip_is_multicast(&p->src) && p->src.bytes[12] < 240 && !ip_is_loopback(&p->src) &&
           !ip_is_loopback(&p->dst) && !ip_is_broadcast(&p->src);
}

void ipv4_deliver(struct packet *p)
{
    bool wanted = ip_raw_sockets && raw_receive(p);

    switch (p->protocol) {
    case IPPROTO_TCP: tcp_receive(p); break;
    case IPPROTO_UDP:
        if (UNLIKELY(ipv4_dhcp_listens) && dhcp_receive(p))
            break;
        udp_receive(p);
        break;
    case IPPROTO_ICMP: icmp_receive(p); break;
    case IPPROTO_IGMP: igmp_receive(p); break;
    default:
        if (wanted)
            packet_free(p);
        else
            ip_unknown_protocol(p);
    }
}

static COLD void reassemble(struct packet *p, unsigned field)
{
    const struct fragment f = {.src = p->src,
                               .dst = p->dst,
                               .id = raw16(p->network + IPV4_ID),
                               .offset = (field & IPV4_OFFSET) * 8,
                               .more = field & IPV4_MF,
                               .protocol = p->protocol};
    struct packet *whole = ip_reassemble(p, &f);

    if (!whole)
        return;
    whole->transport = whole->data;
    ipv4_deliver(whole);
}

/* Everything but what is plainly for one of our addresses. */
static bool accept_rarely(struct packet *p)
{
    if (ip_is_ours(&p->dst, 0) || ip_is_broadcast(&p->dst))
        return true;
    return ip_is_multicast(&p->dst) && ip_group_joined(p->dev, &p->dst);
}

/* The 16-bit sums of a header without options (RFC 1071), folded. */
static ALWAYS_INLINE uint16_t header_sum(const uint8_t *h)
{
    uint64_t sum = (uint64_t)raw32(h) + raw32(h + 4) + raw32(h + 8) + raw32(h + 12) + raw32(h + 16);

    sum = (sum & 0xffffffff) + (sum >> 32);
    sum += sum << 32 | sum >> 32; /* the upper half is the sum with its carry */
    uint32_t folded = (uint32_t)(sum >> 32);
    folded = (folded & 0xffff) + (folded >> 16);
    return (uint16_t)(folded + (folded >> 16));
}

/* Lengths, options, checksum: false if something does not fit. */
static COLD bool header_good(struct packet *p)
{
    const uint8_t *h = p->data;
    unsigned header = (h[0] & 15u) * 4;

    if (h[0] >> 4 != 4 || header < IPV4_HEADER || !packet_contiguous(p, header) ||
        be16(h + IPV4_LENGTH) < header || !options_good(h, header))
        return false;
    return p->flags & PACKET_LOOPED || checksum(h, header, 0) == 0xffff;
}

/* False: the packet is gone. */
static COLD bool addresses_good(struct packet *p)
{
    if (!source_good(p)) {
        drop(p, &p->dev->stats.rx_errors);
        return false;
    }
    if (ip_is_ours(&p->dst, 0) || accept_rarely(p))
        return true;
    if (!ipv4_dhcp_listens || !dhcp_receive(p))
        drop(p, &p->dev->stats.rx_dropped);
    return false;
}

/* Two addresses that were looked at last, and how they came: the next packet most often has the same. */
static struct {
    const struct netdev *dev;
    uint32_t src, dst, generation;
} good;

void ipv4_receive(struct packet *p)
{
    const uint8_t *h = p->data;

    if (UNLIKELY(p->len < IPV4_HEADER) && !packet_contiguous(p, IPV4_HEADER))
        return drop(p, &p->dev->stats.rx_errors);
    uint32_t header = IPV4_HEADER, total = be16(h + IPV4_LENGTH);
    if (UNLIKELY(h[0] != 0x45 || total < IPV4_HEADER ||
                 (!(p->flags & PACKET_LOOPED) && header_sum(h) != 0xffff))) {
        if (!header_good(p))
            return drop(p, &p->dev->stats.rx_errors);
        header = (h[0] & 15u) * 4;
    }
    if (UNLIKELY(total != p->total)) {
        if (total > p->total)
            return drop(p, &p->dev->stats.rx_errors);
        packet_trim(p, total);
    }
    uint32_t src = raw32(h + IPV4_SOURCE), dst = raw32(h + IPV4_DESTINATION);
    p->src = ip_from_v4(src);
    p->dst = ip_from_v4(dst);
    p->ttl = h[IPV4_TTL];
    p->protocol = h[IPV4_PROTOCOL];
    p->tos = h[IPV4_TOS];
    packet_advance(p, header);
    p->transport = p->data;
    if (UNLIKELY(src != good.src || dst != good.dst || p->dev != good.dev ||
                 good.generation != net_generation)) {
        if (!addresses_good(p))
            return;
        if (!ip_is_multicast(&p->dst)) {
            good.src = src;
            good.dst = dst;
            good.dev = p->dev;
            good.generation = net_generation;
        }
    }
    if (UNLIKELY(raw16(h + IPV4_FRAGMENT) & net16(IPV4_MF | IPV4_OFFSET)))
        reassemble(p, be16(h + IPV4_FRAGMENT));
    else if (LIKELY(p->protocol == IPPROTO_TCP && !ip_raw_sockets))
        tcp_receive(p);
    else
        ipv4_deliver(p);
}
