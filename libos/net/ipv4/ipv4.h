/* SPDX-License-Identifier: Apache-2.0 */
/* The header of RFC 791, 3.1, by its offsets; all of it may lie at odd addresses. */
#ifndef NET_IPV4_H
#define NET_IPV4_H

#include <u2k/ip.h>

enum {
    IPV4_HEADER = 20,
    IPV4_TOS = 1,
    IPV4_LENGTH = 2,
    IPV4_ID = 4,
    IPV4_FRAGMENT = 6,
    IPV4_TTL = 8,
    IPV4_PROTOCOL = 9,
    IPV4_SUM = 10,
    IPV4_SOURCE = 12,
    IPV4_DESTINATION = 16,
};
enum { IPV4_DF = 0x4000, IPV4_MF = 0x2000, IPV4_OFFSET = 0x1fff };

/* The header of a packet that is about to be sent: pushed, and all but what it is about filled in. */
void ipv4_push_header(struct packet *p, uint16_t fragment, uint16_t id);
/* `dont_fragment` was not asked for, and it is longer than the route's MTU. Takes the packet. */
int ipv4_send_fragments(struct packet *p, const struct ip_route *r);

/* Give a packet to its protocol: data at the transport header. */
void ipv4_deliver(struct packet *p);

/* A DHCP client listens: it is shown UDP packets first, also those that are not for us. True: it took the packet. */
extern bool ipv4_dhcp_listens;
bool dhcp_receive(struct packet *p);

#endif
