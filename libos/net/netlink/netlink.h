/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETLINK_NETLINK_H
#define NETLINK_NETLINK_H

#include <u2k/cursor.h>
#include <u2k/ip.h>
#include <u2k/socket.h>

enum { NLMSG_ERROR = 2, NLMSG_DONE = 3, NLMSG_MIN = 16 };
enum {
    NLM_F_REQUEST = 1,
    NLM_F_MULTI = 2,
    NLM_F_ACK = 4,
    NLM_F_DUMP = 0x300,
    NLM_F_REPLACE = 0x100,
    NLM_F_EXCL = 0x200
};
enum {
    RTM_NEWLINK = 16,
    RTM_GETLINK = 18,
    RTM_SETLINK,
    RTM_NEWADDR,
    RTM_DELADDR,
    RTM_GETADDR,
    RTM_NEWROUTE = 24,
    RTM_DELROUTE,
    RTM_GETROUTE,
    RTM_NEWNEIGH = 28,
    RTM_GETNEIGH = 30,
    RTM_GETRULE = 34
};

struct nlmsghdr {
    uint32_t len;
    uint16_t type, flags;
    uint32_t seq, pid;
};

/* A datagram to a socket: as many messages as fit. */
struct netlink_datagram {
    struct list link;
    uint32_t len;
    uint8_t data[];
};
#define DATAGRAM_ROOM (PAGE_SIZE - sizeof(struct netlink_datagram))

struct netlink_socket {
    struct socket s; /* first */
    struct list all_link;
    uint32_t port; /* 0: not bound */
    uint32_t groups; /* RTMGRP_* */
    struct list received; /* struct netlink_datagram */
    unsigned received_count;
};

static inline struct netlink_socket *netlink_of(struct socket *s)
{
    return CONTAINER_OF(s, struct netlink_socket, s);
}

/* ---- build.c: an answer; messages go to the datagram that is being filled ---- */
struct answer {
    struct netlink_socket *to;
    struct nlmsghdr request;
    struct netlink_datagram *filling;
    uint32_t begun; /* where the present message stands */
    uint16_t flags; /* of each message */
    bool lost; /* no memory: the rest is not sent */
};
/* A message of a type, with a header of `len` bytes of its own, zeroed; NULL: no memory. */
void *answer_begin(struct answer *a, uint16_t type, size_t len);
void answer_attribute(struct answer *a, uint16_t type, const void *data, size_t len);
void answer_u32(struct answer *a, uint16_t type, uint32_t v);
void answer_text(struct answer *a, uint16_t type, const char *text);
void answer_address(struct answer *a, uint16_t type, const struct ip_addr *addr);
void answer_end(struct answer *a);
void answer_send(struct answer *a); /* the last datagram goes */

/* ---- attributes of a request (rtnetlink(7)): the last of a type, len 0 if there is none ---- */
struct attribute {
    const uint8_t *data;
    size_t len;
};
struct attribute attribute_find(const struct cursor *c, size_t header, uint16_t type);
/* An address of a family: false if it has another length. */
bool attribute_address(const struct attribute *a, uint8_t family, struct ip_addr *out);
uint32_t attribute_u32(const struct attribute *a);

/* ---- what is asked for. `body`: behind struct nlmsghdr. 0 or -errno ---- */
int link_get(struct answer *a, const struct cursor *body);
int link_set(struct answer *a, const struct cursor *body);
void link_put(struct answer *a, const struct netdev *dev);
int address_get(struct answer *a, const struct cursor *body);
int address_new(struct answer *a, const struct cursor *body);
int address_delete(struct answer *a, const struct cursor *body);
void address_put(struct answer *a, const struct netdev *dev, const struct netdev_addr *addr);
int route_get(struct answer *a, const struct cursor *body);
int route_new(struct answer *a, const struct cursor *body);
int route_delete(struct answer *a, const struct cursor *body);
int neighbour_list(struct answer *a, const struct cursor *body);

/* Requests of one send(2), each answered. */
void netlink_requests(struct netlink_socket *s, const uint8_t *data, size_t len);

static inline uint8_t family_of(const struct ip_addr *a)
{
    return ip_is_v4(a) ? AF_INET : AF_INET6;
}

#endif
