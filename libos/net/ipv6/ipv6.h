/* SPDX-License-Identifier: Apache-2.0 */
/* The header of RFC 8200, 3, by its offsets; neighbour discovery and what configures itself. */
#ifndef NET_IPV6_H
#define NET_IPV6_H

#include <u2k/ip.h>

enum {
    IPV6_HEADER = 40,
    IPV6_LENGTH = 4,
    IPV6_NEXT = 6,
    IPV6_HOP_LIMIT = 7,
    IPV6_SOURCE = 8,
    IPV6_DESTINATION = 24,
    IPV6_MTU_LEAST = 1280,
};
enum {
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_NOTHING = 59,
    IPV6_DESTINATION_OPTIONS = 60,
};

static inline struct ip_addr ipv6_at(const void *at)
{
    struct ip_addr a;
    __builtin_memcpy(&a, at, sizeof a);
    return a;
}

/* ff02::id */
static inline struct ip_addr ipv6_link_group(uint8_t id)
{
    return (struct ip_addr){.bytes = {0xff, 2, [15] = id}};
}
enum { GROUP_ALL_NODES = 1, GROUP_ALL_ROUTERS = 2, GROUP_MLD = 0x16 };

/* Push the header in front of a packet whose src, dst, protocol, ttl and tos are set. */
void ipv6_push_header(struct packet *p);

/* Send what has no route: ICMPv6 of the link, p->src and dst set, checksum not yet made. Takes the packet. */
int ipv6_send_on_link(struct netdev *dev, struct packet *p);

/* A longer header chain than can be looked at, or a broken one: `next` and `offset` of what follows the extension
 * headers in `len` bytes. False: it ends within, or is a later fragment. For packets that errors quote. */
bool ipv6_skip_extensions(const uint8_t *at, size_t len, uint8_t *next, size_t *offset);

/* ---- neighbour discovery: messages with a hop limit of 255 and a good checksum; data at the message ---- */
void nd_receive_solicit(struct packet *p);
void nd_receive_advert(struct packet *p);
void nd_receive_router(struct packet *p);

/* An option's value in a message's options, NULL: none, or malformed. `at` NULL at first, for the next one. */
const uint8_t *nd_option(const uint8_t *options, size_t len, unsigned type, const uint8_t *after,
                         size_t *size);
/* Are they all well-formed (RFC 4861, 6.1 and 7.1)? */
bool nd_options_good(const uint8_t *options, size_t len);

/* ---- addresses that configure themselves (RFC 4862) ---- */
void ipv6_start(void); /* ::1 */
void ipv6_start_device(struct netdev *dev); /* link-local address, routers are asked for */
void autoconf_prefix(struct netdev *dev, const struct ip_addr *prefix, uint32_t valid,
                     uint32_t preferred);
void autoconf_conflict(struct netdev *dev, const struct ip_addr *a); /* somebody else has it */
void autoconf_router_heard(struct netdev *dev);
void autoconf_watch(uint64_t expires); /* addresses and routes end; look at them then */

void mld_query(struct netdev *dev); /* a router asks which groups are listened to */

#endif
