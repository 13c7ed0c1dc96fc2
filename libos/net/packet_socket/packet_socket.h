/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PACKET_SOCKET_PACKET_SOCKET_H
#define PACKET_SOCKET_PACKET_SOCKET_H

#include <u2k/netdev.h>
#include <u2k/socket.h>

enum { ETH_P_ALL = 3, LL_SHORT = 12 /* of struct sockaddr_ll without the address */ };

struct sockaddr_ll {
    uint16_t family, protocol; /* protocol: network order */
    int32_t device;
    uint16_t hardware;
    uint8_t kind, len; /* kind: enum frame_kind */
    uint8_t address[8];
};

struct packet_socket {
    struct socket s; /* first */
    struct netdev_tap tap;
    bool tapping, ignores_outgoing;
    uint16_t protocol; /* Ethernet type, host order; 0: nothing is received */
    unsigned device;   /* 0: all */
    struct list received;
    uint32_t queued; /* bytes that count against rcvbuf */
    uint32_t seen, dropped; /* since they were asked for */
    struct list memberships;
};

static inline struct packet_socket *packet_socket_of(struct socket *s)
{
    return CONTAINER_OF(s, struct packet_socket, s);
}

/* ---- traffic.c ---- */
void packet_socket_see(struct netdev_tap *t, const struct packet *p);
ssize_t packet_socket_send(struct socket *s, struct message *m);
ssize_t packet_socket_receive(struct socket *s, struct message *m);
void packet_socket_drop_first(struct packet_socket *u);

/* ---- option.c ---- */
int packet_socket_setsockopt(struct socket *s, int level, int name, const void *value,
                             unsigned len);
int packet_socket_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len);
void packet_socket_leave_all(struct packet_socket *u);

#endif
