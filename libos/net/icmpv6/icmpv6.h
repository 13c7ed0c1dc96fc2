/* SPDX-License-Identifier: Apache-2.0 */
/* ICMPv6 messages: RFC 4443, and those of the link (RFC 4861, RFC 3810). */
#ifndef NET_ICMPV6_H
#define NET_ICMPV6_H

#include <u2k/ip.h>

enum {
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_TOO_BIG = 2,
    ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_PARAMETER = 4,
    ICMPV6_ECHO = 128,
    ICMPV6_ECHO_REPLY = 129,
    ICMPV6_MLD_QUERY = 130,
    ICMPV6_ROUTER_SOLICIT = 133,
    ICMPV6_ROUTER_ADVERT = 134,
    ICMPV6_SOLICIT = 135,
    ICMPV6_ADVERT = 136,
    ICMPV6_REDIRECT = 137,
    ICMPV6_MLD2_REPORT = 143,
};
enum { ICMPV6_ERRONEOUS, ICMPV6_UNKNOWN_HEADER, ICMPV6_UNKNOWN_OPTION }; /* of a parameter */

/* Tell its sender that something was wrong with a packet, if the rules let us; it stays the caller's. `field`: the
 * second word of the message. */
void icmpv6_error(const struct packet *p, unsigned type, unsigned code, uint32_t field);

/* A message of the link: hop limit 255, checksum made here. Takes the packet, src and dst set. */
void icmpv6_send_on_link(struct netdev *dev, struct packet *p);

/* Ask for an address before it is used. */
void nd_probe(struct netdev *dev, const struct ip_addr *a);

#endif
