/* SPDX-License-Identifier: Apache-2.0 */
/* Options of level IPPROTO_IPV6 (ipv6(7), RFC 3493, RFC 3542). */
#include "inet.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/string.h>

enum {
    IPV6_UNICAST_HOPS = 16,
    IPV6_MULTICAST_IF,
    IPV6_MULTICAST_HOPS,
    IPV6_MULTICAST_LOOP,
    IPV6_JOIN_GROUP,
    IPV6_LEAVE_GROUP,
    IPV6_MTU_DISCOVER = 23,
    IPV6_MTU,
    IPV6_RECVERR,
    IPV6_V6ONLY,
    IPV6_MULTICAST_ALL = 29,
    MCAST_JOIN_GROUP = 42,
    MCAST_LEAVE_GROUP = 45,
    IPV6_RECVPKTINFO = 49,
    IPV6_RECVHOPLIMIT = 51,
    IPV6_RECVTCLASS = 66,
    IPV6_TCLASS,
    IPV6_FREEBIND = 78
};
enum { PMTUDISC_OMIT = 5, HOPS_DEFAULT = 64, V6_MIN_MTU = 1280 };

struct ipv6_mreq {
    struct ip_addr group;
    uint32_t device;
};

static int set_group(struct inet_socket *s, int name, const void *value, unsigned len)
{
    struct ipv6_mreq m;
    if (len < sizeof(struct ip_addr) + sizeof m.device)
        return -EINVAL;
    if (s->s.type == SOCK_STREAM)
        return -EPROTO;
    memcpy(&m, value, sizeof(struct ip_addr) + sizeof m.device);
    if (ip_is_v4(&m.group))
        return -EINVAL;
    return name == IPV6_JOIN_GROUP ? inet_join(s, &m.group, m.device)
                                   : inet_leave(s, &m.group, m.device);
}

static int hops(int32_t v, uint8_t *out, uint8_t otherwise)
{
    if (v < -1 || v > 255)
        return -EINVAL;
    *out = v == -1 ? otherwise : (uint8_t)v;
    return 0;
}

static int set_multicast_device(struct inet_socket *s, int32_t v)
{
    if (v < 0 || (v && !netdev_by_index((unsigned)v)))
        return -ENODEV;
    s->multicast_device = (unsigned)v;
    s->route.dev = NULL;
    return 0;
}

int inet_set_v6(struct inet_socket *s, int name, const void *value, unsigned len)
{
    int32_t v;
    if (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP)
        return set_group(s, name, value, len);
    if (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP)
        return inet_set_group_request(s, name, value, len);
    if (len < sizeof v)
        return -EINVAL;
    memcpy(&v, value, sizeof v);
    switch (name) {
    case IPV6_V6ONLY:
        if (s->bound)
            return -EINVAL;
        s->v6only = v != 0;
        return 0;
    case IPV6_UNICAST_HOPS: return hops(v, &s->ttl, 0);
    case IPV6_MULTICAST_HOPS:
        return s->s.type == SOCK_STREAM ? -ENOPROTOOPT : hops(v, &s->multicast_ttl, 1);
    case IPV6_MULTICAST_LOOP: s->multicast_loop = v != 0; return v < 0 || v > 1 ? -EINVAL : 0;
    case IPV6_MULTICAST_ALL: s->multicast_own = v == 0; return v == 0 || v == 1 ? 0 : -EINVAL;
    case IPV6_MULTICAST_IF: return set_multicast_device(s, v);
    case IPV6_MTU_DISCOVER:
        if (v < 0 || v > PMTUDISC_OMIT)
            return -EINVAL;
        s->mtu_discover = (uint8_t)v;
        return 0;
    case IPV6_RECVERR: s->recverr = v != 0; return 0;
    case IPV6_RECVPKTINFO: return inet_ask(s, ASKS_PKTINFO << ASKS_V6_SHIFT, v != 0);
    case IPV6_RECVHOPLIMIT: return inet_ask(s, ASKS_TTL << ASKS_V6_SHIFT, v != 0);
    case IPV6_RECVTCLASS: return inet_ask(s, ASKS_TOS << ASKS_V6_SHIFT, v != 0);
    case IPV6_TCLASS:
        if (v < -1 || v > 255)
            return -EINVAL;
        s->tos = v == -1 ? 0 : (uint8_t)v;
        return 0;
    case IPV6_FREEBIND: s->freebind = v != 0; return 0;
    default: return -ENOPROTOOPT;
    }
}

int inet_get_v6(const struct inet_socket *s, int name, int32_t *v)
{
    switch (name) {
    case IPV6_V6ONLY: *v = s->v6only; break;
    case IPV6_UNICAST_HOPS: *v = s->ttl ? s->ttl : HOPS_DEFAULT; break;
    case IPV6_MULTICAST_HOPS: *v = s->multicast_ttl; break;
    case IPV6_MULTICAST_LOOP: *v = s->multicast_loop; break;
    case IPV6_MULTICAST_ALL: *v = !s->multicast_own; break;
    case IPV6_MULTICAST_IF: *v = (int32_t)s->multicast_device; break;
    case IPV6_MTU_DISCOVER: *v = s->mtu_discover; break;
    case IPV6_RECVERR: *v = s->recverr; break;
    case IPV6_RECVPKTINFO: *v = s->asks >> ASKS_V6_SHIFT & ASKS_PKTINFO; break;
    case IPV6_RECVHOPLIMIT: *v = (s->asks >> ASKS_V6_SHIFT & ASKS_TTL) != 0; break;
    case IPV6_RECVTCLASS: *v = (s->asks >> ASKS_V6_SHIFT & ASKS_TOS) != 0; break;
    case IPV6_TCLASS: *v = s->tos; break;
    case IPV6_FREEBIND: *v = s->freebind; break;
    case IPV6_MTU:
        if (!ip_route_valid(&s->route) || s->s.state != SOCKET_CONNECTED)
            return -ENOTCONN;
        *v = (int32_t)MAX(s->route.mtu, (uint32_t)V6_MIN_MTU);
        break;
    default: return -ENOPROTOOPT;
    }
    return 0;
}

int inet_no_v6(void)
{
    return -ENOPROTOOPT;
}

IF_LINKED(part_ipv6, inet_set_v6, inet_no_v6);
IF_LINKED(part_ipv6, inet_get_v6, inet_no_v6);
