/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Internet layer: routes, sending, and what it gives to transports. IPv4 and IPv6 are libraries of their own
 * behind this (libos/net/ip: what both share; libos/net/ipv4, libos/net/ipv6). A transport that is not linked
 * answers as one that is not there (ICMP protocol or port unreachable).
 */
#ifndef U2K_IP_H
#define U2K_IP_H

#include <u2k/netdev.h>
#include <u2k/packet.h>

struct neighbour;

/* Where a destination is reached by. A copy may be kept while `generation` is net_generation. */
struct ip_route {
    struct netdev *dev;
    struct ip_addr source;   /* of ours, to be used when none is bound (RFC 6724) */
    struct ip_addr next_hop; /* the destination itself, or a gateway */
    uint32_t mtu;            /* path MTU (RFC 1191, 8201), at most the device's */
    uint32_t generation;
    unsigned device; /* that was asked for */
    struct neighbour *neighbour; /* the IP layer's own, NULL: to be looked up */
};

/* `to` any: this host (as Linux has it: connect(2) to 0.0.0.0 or ::); the caller then sends to out->source.
 * `source`: NULL or any: choose. `device`: index that it has to be, 0: any. -ENETUNREACH, -EHOSTUNREACH,
 * -EADDRNOTAVAIL (the source is not ours), -EINVAL. Destinations of our own go to the loopback device. */
int ip_route(const struct ip_addr *to, const struct ip_addr *source, unsigned device,
             struct ip_route *out);

static inline bool ip_route_valid(const struct ip_route *r)
{
    return r->dev && r->generation == net_generation;
}

/* Send a transport's packet: data at the transport header, PACKET_HEADROOM below it not used up; p->src, dst,
 * protocol, ttl (0: the default, 64), tos set; the pseudo header's sum is the transport's work. Takes the packet.
 * `dont_fragment`: longer ones than the path MTU give -EMSGSIZE, else IP fragments them. While a neighbour is
 * looked up the packet waits (a few each; the oldest is dropped). 0 or -errno. */
int ip_send(struct packet *p, struct ip_route *r, bool dont_fragment);

/* Is it one of ours (unicast), usable as a source on `device` (0: any)? */
bool ip_is_ours(const struct ip_addr *a, unsigned device);
bool ip_is_broadcast(const struct ip_addr *a); /* limited, or directed at one of our networks */

/* ---- what transports implement; data at the transport header, addresses and flags set, lengths checked ---- */
void tcp_receive(struct packet *p);
void udp_receive(struct packet *p);
void icmp_receive(struct packet *p);
void icmpv6_receive(struct packet *p);

/* Raw and ping sockets: shown each packet for us while ip_raw_sockets is not 0, before its protocol gets it: data
 * at the transport header, network at that of IP. It stays the caller's: what is kept is a packet_clone().
 * True: somebody wanted it, so that there is such a protocol. */
bool raw_receive(struct packet *p);
extern unsigned ip_raw_sockets;

/* An ICMP error about something that we sent: the quoted packet's addresses (src is ours), and at least 8 bytes of
 * its transport header. `error`: what the socket is told (ip(7)); `hard`: a connection may end by it. */
struct ip_error {
    struct ip_addr src, dst;
    const uint8_t *transport; /* 8 bytes or more */
    size_t len;
    int error; /* -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -EMSGSIZE, -EPROTO ... */
    bool hard;
    uint32_t mtu; /* of -EMSGSIZE: what fits */
};
/* True: it quotes what we may have sent of late, so that what it says of the path is believed (RFC 5927). */
bool tcp_error(const struct ip_error *e);
bool udp_error(const struct ip_error *e);

/* Answer `p` (which stays the caller's) with "port unreachable", if the rules let us (RFC 1122 3.2.2, rate limits). */
void ip_port_unreachable(const struct packet *p);

/* The neighbour answered something of a transport's: reachability is confirmed (RFC 4861, 7.3.1). */
void ip_confirm(struct ip_route *r);

/* ---- configuration, by `ip=`, DHCP, SLAAC and netlink ---- */
int ip_addr_add(struct netdev *dev, const struct ip_addr *a,
                unsigned prefix); /* bits of its own version */
int ip_addr_remove(struct netdev *dev, const struct ip_addr *a);

/* Groups that are listened to on a device, counted. The device's own filter lets all groups in. -EADDRINUSE does not
 * come from here: that a socket joins once is the socket's to know. */
int ip_group_join(struct netdev *dev, const struct ip_addr *group);
int ip_group_leave(struct netdev *dev, const struct ip_addr *group); /* -EADDRNOTAVAIL */
bool ip_group_joined(const struct netdev *dev, const struct ip_addr *group);

struct ip_route_entry {
    struct list link;
    struct ip_addr to, gateway; /* gateway any: on the link */
    unsigned prefix; /* bits of its own version */
    struct netdev *dev;
    uint32_t metric, mtu;
    uint64_t expires; /* monotonic ns, TIME_NEVER */
};
extern struct list ip_routes;
int ip_route_add(const struct ip_addr *to, unsigned prefix, const struct ip_addr *gateway,
                 struct netdev *dev, uint32_t metric);
int ip_route_remove(const struct ip_addr *to, unsigned prefix, struct netdev *dev);

#endif
