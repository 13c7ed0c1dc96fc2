/* SPDX-License-Identifier: Apache-2.0 */
/* Which protocol a socket of AF_INET or AF_INET6 is of. */
#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/optional.h>
#include <u2k/process.h>

void inet_init(struct inet_socket *s, const struct socket_ops *ops, int family, int type,
               int protocol)
{
    socket_init(&s->s, ops, family, type, protocol);
    s->local = s->peer = family == AF_INET ? ip_from_v4(0) : (struct ip_addr){0};
    s->multicast_source = s->local;
    s->mtu_discover = 1;
    s->multicast_ttl = 1;
    s->multicast_loop = true;
    list_init(&s->memberships);
    list_init(&s->port_link);
}

static int stream(int family, int protocol, struct socket **out)
{
    return protocol == 0 || protocol == IPPROTO_TCP ? tcp_create(family, out) : -EPROTONOSUPPORT;
}

static int datagram(int family, int protocol, struct socket **out)
{
    if (protocol == 0 || protocol == IPPROTO_UDP)
        return udp_create(family, out);
    if (protocol == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
        return ping_create(family, out);
    return -EPROTONOSUPPORT;
}

int inet_create(int family, int type, int protocol, struct socket **out)
{
    enum { PROTOCOLS = 263 }; /* IPPROTO_MAX */
    if (protocol < 0 || protocol >= PROTOCOLS)
        return -EINVAL;
    switch (type) {
    case SOCK_STREAM: return stream(family, protocol, out);
    case SOCK_DGRAM: return datagram(family, protocol, out);
    case SOCK_RAW:
        if (protocol == 0 || protocol > IPPROTO_RAW)
            return -EPROTONOSUPPORT;
        return capable(CAP_NET_RAW) ? raw_create(family, protocol, out) : -EPERM;
    default: return -ESOCKTNOSUPPORT;
    }
}

int inet_no_tcp(void)
{
    part_missing("tcp", "a stream socket was made");
    return -EPROTONOSUPPORT;
}

int inet_no_udp(void)
{
    part_missing("udp", "a datagram socket was made");
    return -EPROTONOSUPPORT;
}

int inet_no_raw(void)
{
    part_missing("raw", "a raw socket was made");
    return -EPROTONOSUPPORT;
}

IF_LINKED(part_tcp, tcp_create, inet_no_tcp);
IF_LINKED(part_udp, udp_create, inet_no_udp);
IF_LINKED(part_raw, raw_create, inet_no_raw);
IF_LINKED(part_raw, ping_create, inet_no_raw);
