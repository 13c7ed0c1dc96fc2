/* SPDX-License-Identifier: Apache-2.0 */
/* What sockets over IP share: addresses, ports, options of levels IPPROTO_IP and IPPROTO_IPV6. libos/net/inet. */
#ifndef U2K_INET_H
#define U2K_INET_H

#include <u2k/ip.h>
#include <u2k/socket.h>

struct inet_socket {
    struct socket s; /* first */
    struct ip_addr local, peer; /* any if not bound, not connected: of the family's version */
    uint16_t local_port, peer_port; /* host order */
    bool v6only, freebind, recverr;
    uint8_t asks; /* ASKS_*: what ancillary data received datagrams are to have */
    bool bound; /* to a port: in a table */
    bool bound_address; /* by bind(2), not by a route */
    bool port_chosen; /* by us for a connect(2) or send(2): another may be chosen anew */
    bool multicast_loop;
    bool multicast_own; /* IP_MULTICAST_ALL is off: of groups only those that this socket joined */
    uint8_t mtu_discover; /* IP_PMTUDISC_*; 1 (want): don't fragment what fits */
    uint8_t ttl, tos; /* 0: default */
    uint8_t multicast_ttl;
    unsigned multicast_device;
    struct ip_addr multicast_source; /* any: chosen */
    struct list memberships; /* of groups: inet/membership.c */
    struct list port_link; /* in the table of ports */
    struct ip_route route; /* cached: to route_to */
    struct ip_addr route_to;
};

/* Of IPv4, and of IPv6 shifted: a socket of both versions may ask for each by itself. */
enum { ASKS_PKTINFO = 1, ASKS_TTL = 2, ASKS_TOS = 4, ASKS_V6_SHIFT = 4 };

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

/* bind(2): address (any: all) and port (0: an ephemeral one, random, RFC 6056). -EADDRINUSE, -EADDRNOTAVAIL.
 * Ports below 1024 are for everybody, as container engines set it (net.ipv4.ip_unprivileged_port_start
 * is 0). */
int inet_bind(struct inet_ports *t, struct inet_socket *s, const struct ip_addr *a, uint16_t port);
/* The same with the address as bind(2) gives it; also -EINVAL (bound already) and -ENODEV. */
int inet_bind_name(struct inet_ports *t, struct inet_socket *s, const struct sockaddr_k *a,
                   unsigned len);
/* Whether another socket of the table has this one's address and port to itself: looked at again by listen(2), with
 * s->s.state SOCKET_LISTENING already. */
bool inet_conflict(struct inet_ports *t, const struct inet_socket *s);
/* An ephemeral port where none is bound. For connect(2) `free_for` (may be NULL) says whether the four-tuple with
 * this port is free, so that one port serves many destinations. -EADDRNOTAVAIL: none left. */
int inet_autobind(struct inet_ports *t, struct inet_socket *s,
                  bool (*free_for)(const struct inet_socket *s, uint16_t port));
/* An accepted socket has its listener's port. */
void inet_bind_as(struct inet_ports *t, struct inet_socket *s, uint16_t port);
void inet_unbind(struct inet_ports *t, struct inet_socket *s);

/* Route to a destination with the socket's own choices; cached in s->route. */
int inet_route(struct inet_socket *s, const struct ip_addr *to);
/* Another one: from `source` (any: the route's) by `device` (0: any). */
int inet_route_by(const struct inet_socket *s, const struct ip_addr *to,
                  const struct ip_addr *source, unsigned device, struct ip_route *out);

/* A destination as sendto(2) has it, with `any` taken as this host. *ip is in the table's form; *device becomes
 * sin6_scope_id where the address needs one. -EINVAL, -EAFNOSUPPORT, -ENETUNREACH (mapped, and IPV6_V6ONLY). */
int inet_destination(const struct inet_socket *s, const struct sockaddr_k *a, unsigned len,
                     struct ip_addr *ip, uint16_t *port, unsigned *device);
/* The same for connect(2): the socket stays with the device. */
int inet_peer(struct inet_socket *s, const struct sockaddr_k *a, unsigned len, struct ip_addr *ip,
              uint16_t *port);

/* The last descriptor is gone: port and groups are given back. The protocol frees the rest. */
void inet_close(struct inet_ports *t, struct inet_socket *s);

/* What a message chooses by ancillary data. */
struct inet_choice {
    struct ip_addr source; /* any: none */
    unsigned device;
    int ttl, tos; /* -1: as the socket */
};

/* Sockets of datagrams: UDP, raw, ping. What has come waits in `received`, within rcvbuf. */
struct datagram_socket {
    struct inet_socket i; /* first */
    struct inet_ports *ports; /* NULL: the protocol has none */
    struct list received; /* packets */
    uint32_t queued; /* bytes that count against rcvbuf */
};
static inline struct datagram_socket *datagram_of(struct socket *s)
{
    return CONTAINER_OF(s, struct datagram_socket, i.s);
}
void datagram_init(struct datagram_socket *d, const struct socket_ops *ops, int family, int type,
                   int protocol, struct inet_ports *ports);
int datagram_connect(struct socket *s, const struct sockaddr_k *a, unsigned len);
int datagram_shutdown(struct socket *s, int how);
unsigned datagram_poll(struct socket *s);
void datagram_close(struct datagram_socket *d); /* all but the structure is given back */
void datagram_queue(struct datagram_socket *d, struct packet *p); /* takes it; perhaps drops it */
/* The first one into the program's buffers from `skip` bytes behind data on, with name (of that port) and ancillary data. */
ssize_t datagram_receive(struct datagram_socket *d, struct message *m, size_t skip, uint16_t port);

/* Where one message goes, and how. */
struct datagram_way {
    struct ip_addr to;
    uint16_t port;
    struct ip_route *route, own;
    struct inet_choice choice;
};
/* Destination, port of our own, route, with all checks that send(2) makes first: 0 or -errno. */
int datagram_way(struct datagram_socket *d, const struct message *m, struct datagram_way *w);
/* Addresses, ttl and tos of the packet, and whether it must stay whole (IP_MTU_DISCOVER): ip_send()'s. */
bool datagram_address(const struct datagram_socket *d, struct packet *p,
                      const struct datagram_way *w);

/* Whether a packet to a group is for this socket, too, if it has joined it or takes those of others. */
bool inet_takes_group(const struct inet_socket *s, const struct ip_addr *group, unsigned device);

/* Ancillary data of a received packet, as the options ask for it. */
void inet_control_receive(const struct inet_socket *s, struct message *m, const struct packet *p);
/* The same of a datagram that came to a published port of the host: as over loopback, which is all that the program
 * knows of there, and with the time of now. */
void inet_control_published(struct socket *s, struct message *m, struct ip_addr from);
/* What a sent message chooses for itself: 0, or -EINVAL. */
int inet_control_send(const struct inet_socket *s, const struct message *m,
                      struct inet_choice *out);

/* `n` bytes from `offset` (of data) on into the program's buffers: bytes done, fewer at a fault. */
size_t packet_to_iter(const struct packet *p, size_t offset, struct iter *it, size_t n);

/* Options of IPPROTO_IP and IPPROTO_IPV6; -ENOPROTOOPT for others. */
int inet_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len);
int inet_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len);
/* Interfaces: SIOCGIF*, of sockets of any family. Generic code calls it where the protocol says -ENOTTY. */
long inet_ioctl(struct socket *s, unsigned request, vaddr_t arg);

#endif
