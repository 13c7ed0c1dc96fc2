/* SPDX-License-Identifier: Apache-2.0 */
/* What the network tells about itself, for /proc/net and netlink: neighbours, and the sockets of each protocol. */
#ifndef U2K_NETINFO_H
#define U2K_NETINFO_H

#include <u2k/inet.h>
#include <u2k/netdev.h>

enum { /* rtnetlink(7) */
       NUD_INCOMPLETE = 1,
       NUD_REACHABLE = 2,
       NUD_STALE = 4,
       NUD_DELAY = 8,
       NUD_PROBE = 0x10,
       NUD_FAILED = 0x20,
       NUD_NOARP = 0x40,
};

struct neighbour_info {
    struct netdev *dev;
    struct ip_addr addr;
    uint8_t mac[6];
    uint8_t state; /* NUD_*; 0: nobody asked yet */
    bool router;
};
void neighbours_each(void (*fn)(const struct neighbour_info *n, void *arg), void *arg);

/* One socket, or what is left of one (TIME_WAIT). `s` is NULL where there is none. Libraries of transports
 * implement the functions; a socket of AF_INET6 is in its own file even where its peer is mapped. */
struct inet_info {
    const struct inet_socket *s;
    struct ip_addr local, peer;
    uint16_t local_port, peer_port; /* host order */
    uint8_t state; /* enum of tcp_info: 1 established ... 10 listens; UDP: 1 connected, 7 not */
    bool v6;
    uint32_t send_queue, receive_queue; /* bytes; of a listener: its backlog, and who waits */
};
typedef void (*inet_each_fn)(const struct inet_info *i, void *arg);
void tcp_each(inet_each_fn fn, void *arg);
void udp_each(inet_each_fn fn, void *arg);

#endif
