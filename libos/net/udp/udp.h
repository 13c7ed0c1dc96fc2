/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include <u2k/inet.h>

enum { UDP_HEADER = 8, UDP_LENGTH = 4, UDP_SUM = 6 };

struct udp_socket {
    struct inet_socket i; /* first */
    struct list received; /* packets, data at the UDP header */
    uint32_t queued; /* bytes that count against rcvbuf */
};

static inline struct udp_socket *udp_of(struct socket *s)
{
    return CONTAINER_OF(s, struct udp_socket, i.s);
}

extern struct inet_ports udp_ports;

ssize_t udp_send(struct socket *s, struct message *m);
ssize_t udp_receive_message(struct socket *s, struct message *m);
/* A packet into a socket's queue, or dropped: takes it. */
void udp_queue(struct udp_socket *u, struct packet *p);
void udp_drop_first(struct udp_socket *u);

#endif
