/* SPDX-License-Identifier: Apache-2.0 */
/* What sockets over IP share: addresses, ports, options of levels IPPROTO_IP and IPPROTO_IPV6. libos/net/inet. */
#ifndef U2K_INET_H
#define U2K_INET_H

#include <u2k/ip.h>
#include <u2k/socket.h>

struct inet_socket {
    struct socket s; /* first */
    struct ip_addr local, peer; /* any if not bound, not connected */
    uint16_t local_port, peer_port; /* host order */
    bool v6only, freebind, pktinfo, recverr, recvttl, recvtos, mtu_discover_off;
    bool bound; /* to a port: in a table */
    bool bound_address; /* by bind(2), not by a route */
    bool port_chosen; /* by us: connect(2) may choose anew */
    uint8_t ttl, tos; /* 0: default */
    uint8_t multicast_ttl;
    bool multicast_loop;
    unsigned multicast_device;
    struct list port_link; /* in the table of ports */
    struct ip_route route; /* cached */
};

static inline struct inet_socket *inet_of(struct socket *s)
{
    return CONTAINER_OF(s, struct inet_socket, s);
}

void inet_init(struct inet_socket *s, const struct socket_ops *ops, int family, int type,
               int protocol);

/* sockaddr_in and sockaddr_in6 to an address and a port and back. -EINVAL, -EAFNOSUPPORT. An AF_INET6 socket that
 * is v6only refuses mapped addresses; *scope (may be NULL) gets sin6_scope_id. */
int inet_from_sockaddr(const struct inet_socket *s, const struct sockaddr_k *a, unsigned len,
                       struct ip_addr *ip, uint16_t *port, unsigned *scope);
void inet_to_sockaddr(const struct inet_socket *s, const struct ip_addr *ip, uint16_t port,
                      struct sockaddr_k *a, unsigned *len);
/* struct socket_ops.name for all of them. */
int inet_name(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len);

/* The ports of one protocol: hash of `struct inet_socket.port_link` by port. Sockets with the same port share a
 * bucket; conflicts by ip(7), SO_REUSEADDR and SO_REUSEPORT as Linux has them (a listening socket conflicts, a
 * connected one of the same port does not when both reuse). */
enum { PORT_BUCKETS = 256 };
struct inet_ports {
    struct list bucket[PORT_BUCKETS]; /* by port % PORT_BUCKETS */
    bool started;
};
static inline struct list *inet_bucket(struct inet_ports *t, uint16_t port)
{
    return &t->bucket[port % PORT_BUCKETS];
}

/* bind(2): address (any: all) and port (0: an ephemeral one, random, RFC 6056). -EADDRINUSE, -EADDRNOTAVAIL, -EACCES
 * (ports below 1024 without CAP_NET_BIND_SERVICE), -EINVAL (bound already). */
int inet_bind(struct inet_ports *t, struct inet_socket *s, const struct ip_addr *a, uint16_t port);
/* An ephemeral port where none is bound. For connect(2) `free_for` (may be NULL) says whether the four-tuple with
 * this port is free, so that one port serves many destinations. -EADDRNOTAVAIL: none left. */
int inet_autobind(struct inet_ports *t, struct inet_socket *s,
                  bool (*free_for)(const struct inet_socket *s, uint16_t port));
/* An accepted socket has its listener's port. */
void inet_bind_as(struct inet_ports *t, struct inet_socket *s, uint16_t port);
void inet_unbind(struct inet_ports *t, struct inet_socket *s);

/* Route to the peer with the socket's own choices; cached in s->route. */
int inet_route(struct inet_socket *s, const struct ip_addr *to);

/* Options of IPPROTO_IP and IPPROTO_IPV6; -ENOPROTOOPT for others. */
int inet_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len);
int inet_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len);
long inet_ioctl(struct socket *s, unsigned request,
                vaddr_t arg); /* SIOCGIF*, FIONREAD by the protocol */

#endif
