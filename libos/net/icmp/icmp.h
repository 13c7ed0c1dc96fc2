/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP messages: RFC 792, and the codes of RFC 1122, 3.2.2.1. */
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include <u2k/ip.h>

enum {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_ECHO = 8,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER = 12,
};
enum { ICMP_PROTOCOL = 2, ICMP_PORT = 3, ICMP_FRAGMENTATION_NEEDED = 4 }; /* of unreachable */

/* Tell its sender that something was wrong with a packet, if the rules let us; it stays the caller's. `field`: the
 * second word of the message. */
void icmp_error(const struct packet *p, unsigned type, unsigned code, uint32_t field);

/* May an error be sent now? A bucket that fills at a thousand a second, for both versions. */
bool icmp_allowed(void);

#endif
