/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETLINK_NETLINK_H
#define NETLINK_NETLINK_H

#include <u2k/cursor.h>
#include <u2k/ip.h>
#include <u2k/socket.h>

enum { NLMSG_ERROR = 2, NLMSG_DONE = 3, NLMSG_MIN = 16 };
enum { NLM_F_REQUEST = 1, NLM_F_MULTI = 2, NLM_F_ACK = 4, NLM_F_DUMP = 0x300 };
enum {
    RTM_NEWLINK = 16,
    RTM_GETLINK = 18,
    RTM_NEWADDR = 20,
    RTM_GETADDR = 22,
    RTM_NEWROUTE = 24,
    RTM_GETROUTE = 26,
    RTM_NEWNEIGH = 28,
    RTM_GETNEIGH = 30,
    RTM_GETRULE = 34,
    RTM_MAX = 123
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

/* ---- headers of the types (rtnetlink(7)) ---- */
struct ifinfomsg {
    uint8_t family, pad;
    uint16_t type;
    int32_t index;
    uint32_t flags, change;
};
struct ifaddrmsg {
    uint8_t family, prefix, flags, scope;
    uint32_t index;
};
struct rtmsg {
    uint8_t family, to_prefix, from_prefix, tos;
    uint8_t table, protocol, scope, type;
    uint32_t flags;
};
enum {
    IFLA_ADDRESS = 1,
    IFLA_BROADCAST,
    IFLA_IFNAME,
    IFLA_MTU,
    IFLA_QDISC = 6,
    IFLA_STATS,
    IFLA_TXQLEN = 13,
    IFLA_OPERSTATE = 16,
    IFLA_STATS64 = 23,
    IFLA_GROUP = 27,
    IFLA_PROMISCUITY = 30,
    IFLA_CARRIER = 33
};
enum { IFA_ADDRESS = 1, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_CACHEINFO = 6, IFA_FLAGS = 8 };
enum {
    RTA_DST = 1,
    RTA_OIF = 4,
    RTA_GATEWAY,
    RTA_PRIORITY,
    RTA_PREFSRC,
    RTA_METRICS,
    RTA_TABLE = 15
};

/* ---- what is asked for. `body`: behind struct nlmsghdr. 0 or -errno ---- */
int link_get(struct answer *a, const struct cursor *body);
void link_put(struct answer *a, const struct netdev *dev);
int address_get(struct answer *a, const struct cursor *body);
void address_put(struct answer *a, const struct netdev *dev, const struct netdev_addr *addr);
int route_get(struct answer *a, const struct cursor *body);
int neighbour_list(struct answer *a, const struct cursor *body);

/* Requests of one send(2), each answered. */
void netlink_requests(struct netlink_socket *s, const uint8_t *data, size_t len);

static inline uint8_t family_of(const struct ip_addr *a)
{
    return ip_is_v4(a) ? AF_INET : AF_INET6;
}

#endif
