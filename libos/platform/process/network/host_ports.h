/* SPDX-License-Identifier: Apache-2.0 */
/* The host's sockets that stand for ports of the program, and the connections that come to them. */
#ifndef U2K_PROCESS_HOST_PORTS_H
#define U2K_PROCESS_HOST_PORTS_H

#include "network.h"
#include <u2k/host_port.h>

enum { HOST_PORTS_MAX = 64, VECTORS = 16, NAME_ROOM = 28 /* struct sockaddr_in6 */ };

/* Options that the host is told: names of IPPROTO_TCP, as bits (NODELAY CORK KEEPIDLE KEEPINTVL KEEPCNT QUICKACK
 * USER_TIMEOUT), and of SOL_SOCKET. */
#define HOST_TCP_OPTIONS (1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 12 | 1u << 18)

/* What is known of input without asking: after a read that may not have been all of it nothing is. */
enum input { INPUT_NONE, INPUT_UNKNOWN, INPUT_THERE };

enum {
    HOST_EPOLLIN = 1,
    HOST_EPOLLOUT = 4,
    HOST_EPOLLERR = 8,
    HOST_EPOLLHUP = 16,
    HOST_EPOLLRDHUP = 0x2000,
};
#define HOST_EPOLLET (1u << 31)

/* A socket in the host's epoll set, edge-triggered. */
struct watched {
    int fd;
    void (*event)(struct watched *w, uint32_t events);
};

struct host_msghdr { /* struct msghdr */
    void *name;
    uint32_t name_len, pad;
    struct host_iovec *v;
    size_t count;
    void *control;
    size_t control_len;
    uint64_t flags;
};

/* A name as the host has it. */
struct host_name {
    union {
        uint16_t family;
        uint8_t bytes[NAME_ROOM];
    };
    uint32_t len;
};

struct host_port {
    struct watched watched; /* first */
    uint16_t port; /* of the program */
    bool datagrams;
    bool full; /* the host had no room for the last datagram */
    uint16_t family; /* of the host's socket */
    struct socket *socket; /* the program's, NULL: nobody listens */
    struct host_port *also; /* another one of the same socket */
    const struct socket_ops *below; /* of its protocol */
    struct socket_ops
        ops; /* these, but for what is the host's: the first port's are the socket's */
    enum input input;
    int accepted; /* connection that was taken to see whether there is one; -1: none */
    struct host_name accepted_from;
    uint8_t *peers; /* datagrams: a bit for each port of a client that one came from */
};
static inline struct host_port *port_of(struct socket *s) /* the first */
{
    return CONTAINER_OF(s->ops, struct host_port, ops);
}
/* Who closes the socket: its ports wait for the next one, and it has its protocol's operations again. */
void host_ports_detach(struct socket *s);

/* The descriptors from `base` on are the sockets of these ports, and nothing else is. */
struct host_sockets {
    int epoll, base;
    struct host_port *port;
    unsigned count;
};
extern struct host_sockets host_sockets;

void host_ports_option(const char *value, const char *arg); /* of --publish= */
void host_ports_open(void);
void host_ports_allow(void);

int host_watch(struct watched *w, uint32_t events); /* 0 or -errno */
bool host_events(void); /* those that have happened are told: whether there were any */

/* The protocol's listener takes in connections of the host's. */
void listener_attach(struct host_port *p);
void listener_event(struct watched *w, uint32_t events);
void datagrams_attach(struct host_port *p);
void datagrams_event(struct watched *w, uint32_t events);

/* An accepted connection of the host's as a socket; on error the descriptor stays the caller's. */
int host_stream_new(int fd, const struct host_port *p, const struct host_name *from,
                    struct socket **out);

/* ---- names (names.c) ---- */

/* As a socket of `family` sees it: its sockaddr, and its length. */
unsigned name_for(int family, const struct host_name *host, struct sockaddr_k *out);
/* For a socket of the host's. False: it cannot be reached from that. */
bool name_to_host(const struct sockaddr_k *name, unsigned len, int host_family,
                  struct host_name *out);
bool name_is_loopback(const struct sockaddr_k *name);
struct ip_addr name_address(const struct sockaddr_k *name); /* IPv4: mapped */
uint16_t name_port(const struct sockaddr_k *name);
/* Any address, so that loopback stands for it: we have no other. */
void name_fill(struct sockaddr_k *name);

/* ---- buffers (buffers.c) ---- */

/* At most VECTORS of what `it` has left, the program's memory checked and there. Bytes; 0 with something left: a
 * fault. */
size_t iter_vectors(const struct iter *it, unsigned access, struct host_iovec *v, unsigned *count);
void iter_skip(struct iter *it, size_t n);

#endif
