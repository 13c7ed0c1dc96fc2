/* SPDX-License-Identifier: Apache-2.0 */
/* IGMP; igmp_report() is in ip.h, beside its IPv6 sister. */
#ifndef NET_IGMP_H
#define NET_IGMP_H

#include <u2k/ip.h>

void igmp_receive(struct packet *p); /* data at the message */

#endif
