/* SPDX-License-Identifier: Apache-2.0 */
/* Frames, and whom they go to. */
#ifndef NET_ETHERNET_H
#define NET_ETHERNET_H

#include <u2k/netdev.h>
#include <u2k/sched.h>

enum { ETH_ALEN = 6, ETH_HLEN = 14 };
enum { ETH_P_IP = 0x0800, ETH_P_ARP = 0x0806, ETH_P_IPV6 = 0x86dd };

void ethernet_receive(struct packet *p); /* data at the frame's header */
void ethernet_ignore(struct packet *p);  /* for protocols that are not linked */

/* Put a header in front and send. */
int ethernet_send(struct netdev *dev, struct packet *p, const uint8_t to[ETH_ALEN], uint16_t type);

static inline bool mac_same(const uint8_t *a, const uint8_t *b)
{
    return raw32(a) == raw32(b) && raw16(a + 4) == raw16(b + 4);
}

/* Above NEIGHBOUR_STALE packets go straight out. */
enum neighbour_state {
    NEIGHBOUR_NEW,        /* nothing known, nobody asked */
    NEIGHBOUR_INCOMPLETE, /* asked for; packets wait */
    NEIGHBOUR_FAILED,     /* no answer; the next packet asks again */
    NEIGHBOUR_STALE,      /* an address that has to be looked at once it is used */
    NEIGHBOUR_DELAY,      /* used: a transport may yet confirm it */
    NEIGHBOUR_PROBE,      /* asked whether it is still there */
    NEIGHBOUR_REACHABLE,
    NEIGHBOUR_FIXED, /* groups, broadcast, loopback */
};

struct neighbour {
    struct list link;       /* of all, the oldest first */
    struct neighbour *next; /* with the same hash */
    struct netdev *dev;
    struct ip_addr addr;
    uint64_t header[2]; /* two bytes of nothing and the Ethernet header, ready to be stored */
    uint8_t state;      /* enum neighbour_state */
    bool confirmed;     /* by a transport, since the timer was set */
    bool router;        /* says so itself (IPv6) */
    uint8_t tries, waiting_count;
    struct list waiting; /* packets, data at the IP header */
    struct timer timer;
};
extern struct list neighbours;

/* The neighbour with an address on a device; made if there was none. Groups and broadcast are mapped. NULL: no
 * memory. Valid while net_generation stays. */
struct neighbour *neighbour_get(struct netdev *dev, const struct ip_addr *a);
struct neighbour *neighbour_find(const struct netdev *dev, const struct ip_addr *a);

/* Send what has its IP header in front. Takes the packet. */
int neighbour_send(struct neighbour *n, struct packet *p);

/* It said its link-layer address. `solicited`: in an answer to us, so it is reachable. */
void neighbour_learned(struct neighbour *n, const uint8_t mac[ETH_ALEN], bool solicited);
static inline const uint8_t *neighbour_mac(const struct neighbour *n)
{
    return (const uint8_t *)n->header + 2;
}

/* Ask for a neighbour: its own address (`unicast`: it is known and only confirmed), or everyone. */
void arp_solicit(struct neighbour *n, bool unicast);
void nd_solicit(struct neighbour *n, bool unicast);

#endif
