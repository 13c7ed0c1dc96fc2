/* SPDX-License-Identifier: Apache-2.0 */
/* What is told about the network, by whom ever, and what is made of it. */
#ifndef NET_CONFIG_H
#define NET_CONFIG_H

#include <u2k/ip.h>

enum config_how { CONFIG_STATIC, CONFIG_DHCP, CONFIG_OFF };

/* One `ip=` token (Documentation/admin-guide/nfs/nfsroot.rst); what is empty is any, or "". */
struct config_token {
    struct ip_addr address, gateway, dns[2];
    int prefix; /* -1: not told */
    enum config_how how;
    char hostname[65], device[16];
};
bool config_parse(const char *text, struct config_token *out);

/* An address with port and brackets left out: IPv4, or IPv6 (RFC 4291, 2.2). `end`: where it stops. */
bool config_address(const char *text, const char **end, struct ip_addr *out);

/* What DHCP was given. An address that is there already is renewed. */
struct config_lease {
    struct netdev *dev;
    struct ip_addr address;
    unsigned prefix;
    uint64_t until; /* monotonic ns, TIME_NEVER */
    uint32_t mtu; /* 0: not told */
    const char *hostname, *search; /* "": not told */
    const struct ip_addr *dns;
    unsigned dns_count;
};
void config_lease(const struct config_lease *l);
void config_route(struct netdev *dev, const struct ip_addr *to, unsigned prefix,
                  const struct ip_addr *gateway);
void config_withdraw(struct netdev *dev, const struct ip_addr *a); /* with its routes */

/* Name servers and search domains, the first told first; for /etc/resolv.conf as the program finds it. */
void config_dns(const struct ip_addr *server, const struct netdev *dev);
void config_search(const char *names);
void config_hostname(const char *name);
void config_resolver_finish(void);

void config_wake(void); /* a lease is there: the start goes on */

/* In the place of the DHCP client where there is none. */
int config_no_dhcp(struct netdev *dev);
bool config_nobody_asks(void);

/* An address as RFC 5952 writes it, at most 45 characters and NUL. */
size_t config_write_address(char *out, size_t size, const struct ip_addr *a);

#endif
