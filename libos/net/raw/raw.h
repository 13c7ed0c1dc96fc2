/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RAW_RAW_H
#define RAW_RAW_H

#include <u2k/inet.h>

enum {
    ECHO_REQUEST = 8,
    ECHO_REPLY = 0,
    ECHO_REQUEST_V6 = 128,
    ECHO_REPLY_V6 = 129,
    ICMP_HEADER = 8,
    ICMP_SUM = 2
};

/* Raw sockets get packets with their IPv4 header (RFC 3542: of IPv6 without), from `transport` on in ping sockets;
 * data of a queued packet stands there. */
struct raw_socket {
    struct datagram_socket d; /* first */
    struct list link; /* in raw_sockets */
    bool header_included;
    uint32_t filter; /* ICMP_FILTER: types that are not wanted */
    uint32_t filter_v6[8]; /* ICMP6_FILTER */
};
extern struct list raw_sockets;
extern struct inet_ports ping_ports; /* ports are the identifiers of echoes */

static inline struct raw_socket *raw_of(struct socket *s)
{
    return CONTAINER_OF(s, struct raw_socket, d.i.s);
}
static inline bool raw_is_ping(const struct raw_socket *r)
{
    return r->d.i.s.type == SOCK_DGRAM;
}

ssize_t raw_send(struct socket *s, struct message *m);
ssize_t ping_send(struct socket *s, struct message *m);
int raw_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len);
int raw_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len);

#endif
