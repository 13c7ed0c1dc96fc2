/* SPDX-License-Identifier: Apache-2.0 */
/* What a DHCP message says, and what a client makes of it. */
#ifndef NET_DHCP_H
#define NET_DHCP_H

#include <u2k/ip.h>

enum { DHCP_ROUTES = 16, DHCP_SERVERS = 3, DHCP_NAME = 65, DHCP_SEARCH = 256 };
enum dhcp_type {
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE
};

struct dhcp_route {
    struct ip_addr to, gateway;
    unsigned prefix;
};

/* A server's message, checked: absent things are 0, any, empty. */
struct dhcp_message {
    uint32_t xid;
    uint8_t mac[6];
    unsigned type;
    struct ip_addr address, server; /* yours, and the server's identifier */
    unsigned prefix;
    uint32_t lease, renew, rebind; /* seconds */
    uint32_t mtu;
    unsigned dns_count, route_count;
    struct ip_addr dns[DHCP_SERVERS];
    struct dhcp_route routes[DHCP_ROUTES];
    char hostname[DHCP_NAME];
    char search[DHCP_SEARCH]; /* names with spaces between them */
};

bool dhcp_parse(const uint8_t *bytes, size_t len, struct dhcp_message *out);

/* A client's message. */
struct dhcp_request {
    unsigned type;
    uint32_t xid;
    uint16_t seconds;
    const uint8_t *mac;
    struct ip_addr own;     /* ciaddr: bound, renewing, rebinding; any else */
    struct ip_addr wanted;  /* option 50; any: none */
    struct ip_addr server;  /* option 54; any: none */
    const char *hostname;   /* NULL: none */
    uint32_t size_max;      /* of what we take */
};
enum { DHCP_REQUEST_MAX = 576 - 28 };
size_t dhcp_build(uint8_t out[DHCP_REQUEST_MAX], const struct dhcp_request *r);

/* A client of its own for each device. */
int dhcp_start(struct netdev *dev); /* -ENOMEM */
bool dhcp_all_bound(void);

#endif
