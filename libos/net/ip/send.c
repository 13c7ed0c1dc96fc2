/* SPDX-License-Identifier: Apache-2.0 */
/* Sending: by which version; and what becomes of packets that reach nobody. */
#include "ip.h"
#include "../icmp/icmp.h"

#include <u2k/arch.h>
#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/platform.h>

unsigned ip_raw_sockets;

int ip_no_version(struct packet *p, struct ip_route *r, bool dont_fragment)
{
    (void)r, (void)dont_fragment;
    packet_free(p);
    return -ENETUNREACH;
}

IF_LINKED(part_ipv6, ipv6_send, ip_no_version);
IF_LINKED(part_ipv6, icmpv6_time_exceeded, unlinked_nothing);
IF_LINKED(part_ipv6, icmpv6_port_unreachable, unlinked_nothing);
IF_LINKED(part_ipv6, icmpv6_unknown_header, unlinked_nothing);
IF_LINKED(part_raw, raw_receive, unlinked_nothing);
IF_LINKED(part_tcp, tcp_receive, ip_unknown_protocol);
IF_LINKED(part_udp, udp_receive, ip_unknown_protocol);
IF_LINKED(part_tcp, tcp_error, unlinked_nothing);
IF_LINKED(part_udp, udp_error, unlinked_nothing);

static COLD int send_anew(struct packet *p, struct ip_route *r, bool dont_fragment)
{
    int error = ip_route(&p->dst, &p->src, r->device, r);

    if (!error)
        return ip_send(p, r, dont_fragment);
    packet_free(p);
    return error;
}

int ip_send(struct packet *p, struct ip_route *r, bool dont_fragment)
{
    if (UNLIKELY(!ip_route_valid(r)))
        return send_anew(p, r, dont_fragment);
    return ip_is_v4(&p->dst) ? ipv4_send(p, r, dont_fragment) : ipv6_send(p, r, dont_fragment);
}

void ip_reassembly_ended(const struct packet *first)
{
    if (ip_is_v4(&first->dst))
        icmp_error(first, ICMP_TIME_EXCEEDED, 1, 0);
    else
        icmpv6_time_exceeded(first);
}

void ip_port_unreachable(const struct packet *p)
{
    if (ip_is_v4(&p->dst))
        icmp_error(p, ICMP_UNREACHABLE, ICMP_PORT, 0);
    else
        icmpv6_port_unreachable(p);
}

void ip_unknown_protocol(struct packet *p)
{
    if (ip_is_v4(&p->dst))
        icmp_error(p, ICMP_UNREACHABLE, ICMP_PROTOCOL, 0);
    else
        icmpv6_unknown_header(p);
    packet_free(p);
}

void ip_tell_error(uint8_t protocol, const struct ip_error *e)
{
    bool believed = false;

    if (protocol == IPPROTO_TCP)
        believed = tcp_error(e);
    else if (protocol == IPPROTO_UDP)
        believed = udp_error(e);
    if (believed && e->mtu)
        ip_path_mtu_lower(&e->dst, e->mtu);
}

void ip_not_reached(struct packet *p)
{
    const uint8_t *end = packet_end(p);

    if (!p->transport || p->transport < p->data || end - p->transport < 8)
        return;
    const struct ip_error e = {.src = p->src,
                               .dst = p->dst,
                               .transport = p->transport,
                               .len = (size_t)(end - p->transport),
                               .error = -EHOSTUNREACH};
    ip_tell_error(p->protocol, &e);
}

uint32_t ip_random(void)
{
    static uint64_t state;
    uint64_t word;

    if (!state && plat_random(&state, sizeof state) < 0 && !arch_random64(&state))
        state = plat_clock_realtime() ^ plat_clock_monotonic();
    /* splitmix64 (Steele, Lea, Flood 2014) */
    state += 0x9e3779b97f4a7c15u;
    word = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((word ^ word >> 31) >> 32);
}
