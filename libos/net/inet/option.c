/* SPDX-License-Identifier: Apache-2.0 */
/* Options of level IPPROTO_IP (ip(7)), and the way to those of IPPROTO_IPV6. */
#include "inet.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/string.h>

enum {
    IP_TOS = 1,
    IP_TTL,
    IP_PKTINFO = 8,
    IP_MTU_DISCOVER = 10,
    IP_RECVERR,
    IP_RECVTTL,
    IP_RECVTOS,
    IP_MTU,
    IP_FREEBIND,
    IP_BIND_ADDRESS_NO_PORT = 24,
    IP_MULTICAST_IF = 32,
    IP_MULTICAST_TTL,
    IP_MULTICAST_LOOP,
    IP_ADD_MEMBERSHIP,
    IP_DROP_MEMBERSHIP,
    MCAST_JOIN_GROUP = 42,
    MCAST_LEAVE_GROUP = 45,
    IP_MULTICAST_ALL = 49
};
enum { PMTUDISC_OMIT = 5, TTL_DEFAULT = 64, LONGEST = 65535 /* packet of IPv4 */ };

struct mreqn { /* struct ip_mreq is the first two */
    uint32_t group, address;
    int32_t device;
};
struct group_req {
    uint32_t device, pad;
    struct sockaddr_k group;
};

int inet_number(const void *value, unsigned len, int32_t *out)
{
    if (len >= sizeof *out)
        memcpy(out, value, sizeof *out);
    else if (len >= 1)
        *out = *(const uint8_t *)value;
    else
        return -EINVAL;
    return 0;
}

/* What fits into a byte may be asked for as one. */
int inet_put_number(int32_t v, void *value, unsigned *len)
{
    if (*len < sizeof v && *len > 0 && v >= 0 && v <= 255) {
        *(uint8_t *)value = (uint8_t)v;
        *len = 1;
        return 0;
    }
    *len = MIN(*len, (unsigned)sizeof v);
    memcpy(value, &v, *len);
    return 0;
}

static unsigned device_with(uint32_t address)
{
    const struct ip_addr a = ip_from_v4(address);
    NETDEV_FOR_EACH(dev)
    LIST_FOR_EACH(it, &dev->addresses)
    if (ip_same(&LIST_ENTRY(it, struct netdev_addr, link)->addr, &a))
        return dev->index;
    return 0;
}

/* struct ip_mreq, struct ip_mreqn, or of IP_MULTICAST_IF an address alone. */
static int group_request(const void *value, unsigned len, bool interface, struct mreqn *out)
{
    *out = (struct mreqn){0};
    if (len >= 8)
        memcpy(out, value, MIN(len, (unsigned)sizeof *out));
    else if (interface && len >= 4)
        memcpy(&out->address, value, 4);
    else
        return -EINVAL;
    if (!out->device && out->address) {
        out->device = (int32_t)device_with(out->address);
        if (!out->device)
            return interface ? -EADDRNOTAVAIL : -ENODEV;
    }
    return 0;
}

static int set_group(struct inet_socket *s, int name, const void *value, unsigned len)
{
    struct mreqn m;
    int err = group_request(value, len, name == IP_MULTICAST_IF, &m);
    if (err < 0)
        return err;
    const struct ip_addr group = ip_from_v4(m.group);
    if (name == IP_ADD_MEMBERSHIP)
        return inet_join(s, &group, (unsigned)m.device);
    if (name == IP_DROP_MEMBERSHIP)
        return inet_leave(s, &group, (unsigned)m.device);
    if (m.device && !netdev_by_index((unsigned)m.device))
        return -EADDRNOTAVAIL;
    s->multicast_device = (unsigned)m.device;
    s->multicast_source = ip_from_v4(m.address);
    s->route.dev = NULL;
    return 0;
}

int inet_set_group_request(struct inet_socket *s, int name, const void *value, unsigned len)
{
    struct group_req r;
    struct ip_addr group;
    uint16_t port;
    if (len < sizeof r)
        return -EINVAL;
    memcpy(&r, value, sizeof r);
    if (inet_from_sockaddr(s, &r.group, sizeof r.group, &group, &port, NULL) < 0)
        return -EINVAL;
    return name == MCAST_JOIN_GROUP ? inet_join(s, &group, r.device)
                                    : inet_leave(s, &group, r.device);
}

OPTIONAL int inet_ask(struct inet_socket *s, int bit, bool on)
{
    s->asks = (uint8_t)(on ? s->asks | bit : s->asks & ~bit);
    return 0;
}

static int in_range(int32_t v, int32_t from, int32_t to, int32_t otherwise, uint8_t *out)
{
    if (v != -1 && (v < from || v > to))
        return -EINVAL;
    *out = (uint8_t)(v == -1 ? otherwise : v);
    return 0;
}

static int set_number(struct inet_socket *s, int name, int32_t v)
{
    switch (name) {
    case IP_TOS: s->tos = (uint8_t)v; return 0;
    case IP_TTL: return in_range(v, 1, 255, 0, &s->ttl);
    case IP_PKTINFO: return inet_ask(s, ASKS_PKTINFO, v != 0);
    case IP_MTU_DISCOVER:
        return v < 0 || v > PMTUDISC_OMIT ? -EINVAL
                                          : in_range(v, 0, PMTUDISC_OMIT, 0, &s->mtu_discover);
    case IP_RECVERR: s->recverr = v != 0; return 0;
    case IP_RECVTTL: return inet_ask(s, ASKS_TTL, v != 0);
    case IP_RECVTOS: return inet_ask(s, ASKS_TOS, v != 0);
    case IP_FREEBIND: s->freebind = v != 0; return 0;
    case IP_BIND_ADDRESS_NO_PORT: return 0; /* the port is looked for at bind(2) all the same */
    case IP_MULTICAST_TTL:
        return s->s.type == SOCK_STREAM ? -EINVAL : in_range(v, 0, 255, 1, &s->multicast_ttl);
    case IP_MULTICAST_LOOP: s->multicast_loop = v != 0; return 0;
    case IP_MULTICAST_ALL: s->multicast_own = v == 0; return v == 0 || v == 1 ? 0 : -EINVAL;
    default: return -ENOPROTOOPT;
    }
}

static int set_v4(struct inet_socket *s, int name, const void *value, unsigned len)
{
    int32_t v;
    switch (name) {
    case IP_MULTICAST_IF:
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
        if (s->s.type == SOCK_STREAM && name != IP_MULTICAST_IF)
            return -EPROTO;
        return set_group(s, name, value, len);
    case MCAST_JOIN_GROUP:
    case MCAST_LEAVE_GROUP: return inet_set_group_request(s, name, value, len);
    default: break;
    }
    int err = inet_number(value, len, &v);
    return err < 0 ? err : set_number(s, name, v);
}

int inet_setsockopt(struct socket *sock, int level, int name, const void *value, unsigned len)
{
    if (level == SOL_IP)
        return set_v4(inet_of(sock), name, value, len);
    if (level == SOL_IPV6 && sock->family == AF_INET6)
        return inet_set_v6(inet_of(sock), name, value, len);
    return -ENOPROTOOPT;
}

static int get_v4(const struct inet_socket *s, int name, int32_t *v)
{
    switch (name) {
    case IP_TOS: *v = s->tos; break;
    case IP_TTL: *v = s->ttl ? s->ttl : TTL_DEFAULT; break;
    case IP_PKTINFO: *v = (s->asks & ASKS_PKTINFO) != 0; break;
    case IP_MTU_DISCOVER: *v = s->mtu_discover; break;
    case IP_RECVERR: *v = s->recverr; break;
    case IP_RECVTTL: *v = (s->asks & ASKS_TTL) != 0; break;
    case IP_RECVTOS: *v = (s->asks & ASKS_TOS) != 0; break;
    case IP_FREEBIND: *v = s->freebind; break;
    case IP_MULTICAST_TTL: *v = s->multicast_ttl; break;
    case IP_MULTICAST_LOOP: *v = s->multicast_loop; break;
    case IP_MULTICAST_IF: *v = (int32_t)ip_v4(&s->multicast_source); break;
    case IP_BIND_ADDRESS_NO_PORT: *v = 0; break;
    case IP_MULTICAST_ALL: *v = !s->multicast_own; break;
    case IP_MTU:
        if (!ip_route_valid(&s->route) || s->s.state != SOCKET_CONNECTED)
            return -ENOTCONN;
        *v = (int32_t)MIN(s->route.mtu, (uint32_t)LONGEST);
        break;
    default: return -ENOPROTOOPT;
    }
    return 0;
}

int inet_getsockopt(struct socket *sock, int level, int name, void *value, unsigned *len)
{
    const struct inet_socket *s = inet_of(sock);
    int32_t v;
    int err = level == SOL_IP                                 ? get_v4(s, name, &v)
              : level == SOL_IPV6 && sock->family == AF_INET6 ? inet_get_v6(s, name, &v)
                                                              : -EOPNOTSUPP;
    return err < 0 ? err : inet_put_number(v, value, len);
}

IF_LINKED(sys_setsockopt, inet_setsockopt, unlinked_never);
IF_LINKED(sys_getsockopt, inet_getsockopt, unlinked_never);
