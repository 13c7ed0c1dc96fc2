/* SPDX-License-Identifier: Apache-2.0 */
/* ARP; arp_solicit() is in ethernet.h, beside its IPv6 sister. */
#ifndef NET_ARP_H
#define NET_ARP_H

#include <u2k/netdev.h>

void arp_receive(struct packet *p); /* data behind the Ethernet header */
void arp_announce(struct netdev *dev, const struct ip_addr *a); /* RFC 5227, 2.3 */

#endif
