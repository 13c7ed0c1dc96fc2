/* SPDX-License-Identifier: Apache-2.0 */
/* What the two versions of IP and the link layer share with the common part. */
#ifndef NET_IP_H
#define NET_IP_H

#include <u2k/ip.h>

/* ---- the versions ---- */

void ipv4_receive(struct packet *p); /* data at the IP header, its frame's padding included */
void ipv6_receive(struct packet *p);
int ipv4_send(struct packet *p, struct ip_route *r, bool dont_fragment);
int ipv6_send(struct packet *p, struct ip_route *r, bool dont_fragment);
/* In the place of ipv6_send() where there is no IPv6. */
int ip_no_version(struct packet *p, struct ip_route *r, bool dont_fragment);

/* Errors of ICMPv6 about a packet that stays the caller's. */
void icmpv6_time_exceeded(const struct packet *p);
void icmpv6_port_unreachable(const struct packet *p);
void icmpv6_unknown_header(const struct packet *p);

/* A group was joined or left (RFC 3376, RFC 3810). */
void igmp_report(struct netdev *dev, const struct ip_addr *group, bool joined);
void mld_report(struct netdev *dev, const struct ip_addr *group, bool joined);

/* ---- routes ---- */

/* The best entry for a destination, or NULL; `dev` NULL: any. */
const struct ip_route_entry *ip_route_lookup(const struct ip_addr *to, const struct netdev *dev);

/* RFC 6724, 5: which of our addresses is best for `to` when it leaves by `dev`. False: none. */
bool ip_source_choose(const struct ip_addr *to, const struct netdev *dev, struct ip_addr *out);

/* The group in which IPv6 neighbours are asked for: RFC 4291, 2.7.1. */
struct ip_addr ip_solicited_node(const struct ip_addr *a);

/* Without a route to its network: whether that is on the link others say (RFC 5942). */
int ip_addr_add_alone(struct netdev *dev, const struct ip_addr *a, unsigned prefix);

struct netdev_addr *ip_addr_find(const struct ip_addr *a, unsigned device);

/* Do the first `bits` bits (of their own version) agree? */
bool ip_prefix_same(const struct ip_addr *a, const struct ip_addr *b, unsigned bits);
struct ip_addr ip_masked(const struct ip_addr *a, unsigned bits);

/* Each group that is listened to on a device. */
void ip_groups_of(const struct netdev *dev, void (*fn)(const struct ip_addr *group, void *arg),
                  void *arg);

/* ---- path MTUs (RFC 1191, RFC 8201) ---- */

/* At most what is known of the path to `to`. */
uint32_t ip_path_mtu(const struct ip_addr *to, uint32_t mtu);
/* A router said that no more than `mtu` fits, and is believed. */
void ip_path_mtu_lower(const struct ip_addr *to, uint32_t mtu);
/* What is taken of such a word at the most. */
uint32_t ip_path_mtu_floor(const struct ip_addr *to, uint32_t mtu);

/* ---- reassembly (RFC 791, RFC 8200 4.5, RFC 5722) ---- */

struct fragment {
    struct ip_addr src, dst;
    uint32_t id;
    uint32_t offset; /* bytes */
    bool more;       /* others follow */
    uint8_t protocol;
};
/* Takes the packet, data at the fragment's payload. The whole when it is there, as one chain, with `network` of the
 * first fragment and protocol set; else NULL. */
struct packet *ip_reassemble(struct packet *p, const struct fragment *f);
/* The rest did not come in time: its sender may be told. `first` has offset 0 and stays the caller's. */
void ip_reassembly_ended(const struct packet *first);

/* ---- transports ---- */

/* An error about a packet of ours, to its transport; what it says of the path counts if that believes it. */
void ip_tell_error(uint8_t protocol, const struct ip_error *e);
/* Its neighbour did not answer; data at the IP header. The packet stays the caller's. */
void ip_not_reached(struct packet *p);

/* Not for secrets: seeded once from what randomness the machine has. */
uint32_t ip_random(void);

/* In the place of transports that are not linked: says so to its sender. Takes the packet. */
void ip_unknown_protocol(struct packet *p);

#endif
