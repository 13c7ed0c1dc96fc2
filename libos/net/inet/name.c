/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as the program has them (ip(7), ipv6(7)). */
#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/netdev.h>
#include <u2k/string.h>

struct sockaddr_in_k {
    uint16_t family, port;
    uint32_t addr;
    uint8_t zero[8];
};
struct sockaddr_in6_k {
    uint16_t family, port;
    uint32_t flow;
    uint8_t addr[16];
    uint32_t scope;
};
enum { IN6_SHORT = 24 /* without the scope: RFC 2133 */ };

static int from_v4(const struct inet_socket *s, const struct sockaddr_k *a, unsigned len,
                   struct ip_addr *ip, uint16_t *port)
{
    struct sockaddr_in_k in;
    if (len < sizeof in)
        return -EINVAL;
    if (s->s.family == AF_INET6 && s->v6only)
        return -EAFNOSUPPORT;
    memcpy(&in, a, sizeof in);
    *ip = ip_from_v4(in.addr);
    *port = net16(in.port);
    return 0;
}

int inet_from_sockaddr(const struct inet_socket *s, const struct sockaddr_k *a, unsigned len,
                       struct ip_addr *ip, uint16_t *port, unsigned *scope)
{
    struct sockaddr_in6_k in = {0};
    if (scope)
        *scope = 0;
    if (len < sizeof a->family)
        return -EINVAL;
    if (a->family == AF_INET)
        return from_v4(s, a, len, ip, port);
    if (s->s.family == AF_INET)
        return len < sizeof(struct sockaddr_in_k) ? -EINVAL : -EAFNOSUPPORT;
    if (a->family != AF_INET6)
        return -EAFNOSUPPORT;
    if (len < IN6_SHORT)
        return -EINVAL;
    memcpy(&in, a, MIN(len, (unsigned)sizeof in));
    memcpy(ip->bytes, in.addr, sizeof in.addr);
    *port = net16(in.port);
    if (scope)
        *scope = in.scope;
    return ip_is_v4(ip) && s->v6only ? -ENETUNREACH : 0;
}

void inet_to_sockaddr(const struct inet_socket *s, const struct ip_addr *ip, uint16_t port,
                      struct sockaddr_k *a, unsigned *len)
{
    if (s->s.family == AF_INET) {
        const struct sockaddr_in_k in = {.family = AF_INET, .port = net16(port), .addr = ip_v4(ip)};
        memcpy(a, &in, *len = sizeof in);
        return;
    }
    struct sockaddr_in6_k in = {.family = AF_INET6, .port = net16(port)};
    memcpy(in.addr, ip->bytes, sizeof in.addr);
    if (!ip_is_v4(ip) && ip_is_link_local(ip))
        in.scope = s->s.device;
    memcpy(a, &in, *len = sizeof in);
}

int inet_name(struct socket *sock, bool peer, struct sockaddr_k *out, unsigned *len)
{
    const struct inet_socket *s = inet_of(sock);
    /* accept(2) tells whom a connection was from, although it may be over by then. */
    bool over = sock->state != SOCKET_CONNECTED && sock->file;
    if (peer && (over || !s->peer_port))
        return -ENOTCONN;
    inet_to_sockaddr(s, peer ? &s->peer : &s->local, peer ? s->peer_port : s->local_port, out, len);
    return 0;
}

/* Addresses that every link has for itself (RFC 4007, 5) say nothing without a device: fe80::/10, and groups whose
 * scope is the interface or the link (RFC 7346). */
static bool needs_device(const struct ip_addr *ip)
{
    unsigned head = (unsigned)ip->bytes[0] << 8 | ip->bytes[1];
    return (head & 0xffc0) == 0xfe80 || (head & 0xff0f) == 0xff01 || (head & 0xff0f) == 0xff02;
}

int inet_destination(const struct inet_socket *s, const struct sockaddr_k *a, unsigned len,
                     struct ip_addr *ip, uint16_t *port, unsigned *device)
{
    unsigned scope;
    int err = inet_from_sockaddr(s, a, len, ip, port, &scope);
    if (err < 0)
        return err;
    if (scope && needs_device(ip))
        *device = scope;
    if (!ip_is_any(ip))
        return 0;
    *ip = ip_is_v4(ip) || ip_is_v4(&s->local) ? ip_from_v4(net32(0x7f000001))
                                              : (struct ip_addr){.halves = {0, 1ull << 56}};
    return 0;
}

int inet_peer(struct inet_socket *s, const struct sockaddr_k *a, unsigned len, struct ip_addr *ip,
              uint16_t *port)
{
    unsigned device = s->s.device;
    int err = inet_destination(s, a, len, ip, port, &device);
    if (err < 0)
        return err;
    if (s->s.device && s->s.device != device)
        return -EINVAL;
    if (!device && ip_is_multicast(ip))
        device = s->multicast_device;
    if (!needs_device(ip))
        return 0;
    s->s.device = device;
    return device ? 0 : -EINVAL;
}

int inet_bind_name(struct inet_ports *t, struct inet_socket *s, const struct sockaddr_k *a,
                   unsigned len)
{
    struct sockaddr_k name = *a;
    struct ip_addr ip;
    uint16_t port;
    unsigned scope;
    bool v4 = s->s.family == AF_INET;
    if (len < (v4 ? sizeof(struct sockaddr_in_k) : IN6_SHORT))
        return -EINVAL;
    /* Of old AF_UNSPEC will do for any address. */
    if (v4 && a->family == AF_UNSPEC && ((const struct sockaddr_in_k *)(const void *)a)->addr == 0)
        name.family = AF_INET;
    if (name.family != s->s.family)
        return -EAFNOSUPPORT;
    int err = inet_from_sockaddr(s, &name, len, &ip, &port, &scope);
    if (err < 0)
        return err == -ENETUNREACH ? -EINVAL : err;
    if (s->bound)
        return -EINVAL;
    if (needs_device(&ip)) {
        if (scope)
            s->s.device = scope;
        if (!s->s.device)
            return -EINVAL;
    }
    /* A device that is not there may have been named, here or by connect(2), and stays, as on Linux. */
    if (s->s.device && (ip.halves[0] | ip.halves[1]) && !netdev_by_index(s->s.device))
        return -ENODEV;
    return inet_bind(t, s, &ip, port);
}
