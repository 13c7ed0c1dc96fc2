/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INET_INET_H
#define INET_INET_H

#include <u2k/inet.h>

/* A group joined by this socket (RFC 3678). `device` 0: where the route to the group leads. -EADDRINUSE: by it already;
 * -EADDRNOTAVAIL: not by it; -ENODEV, -EINVAL. */
int inet_join(struct inet_socket *s, const struct ip_addr *group, unsigned device);
int inet_leave(struct inet_socket *s, const struct ip_addr *group, unsigned device);
void inet_leave_groups(struct inet_socket *s);

/* Options that are integers of both levels: a byte will do where Linux takes one. */
int inet_number(const void *value, unsigned len, int32_t *out);
int inet_put_number(int32_t v, void *value, unsigned *len);

/* One bit of s->asks: 0. */
int inet_ask(struct inet_socket *s, int bit, bool on);

/* MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP. */
int inet_set_group_request(struct inet_socket *s, int name, const void *value, unsigned len);

int inet_set_v6(struct inet_socket *s, int name, const void *value, unsigned len);
int inet_get_v6(const struct inet_socket *s, int name, int32_t *v);

#endif
