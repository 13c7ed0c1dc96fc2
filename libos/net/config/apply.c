/* SPDX-License-Identifier: Apache-2.0 */
/* What was told becomes addresses, routes and names. */
#include "config.h"
#include "../ip/ip.h"

#include <u2k/boot.h>
#include <u2k/errno.h>
#include <u2k/log.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>

enum { MTU_LEAST = 576, SERVERS_MAX = 3, SEARCH_MAX = 256, SCOPED = 64 }; /* resolv.conf(5) */

static struct {
    char server[SERVERS_MAX][SCOPED];
    unsigned count;
    char search[SEARCH_MAX];
} names;

void config_lease(const struct config_lease *l)
{
    char text[48];
    int error = ip_addr_add(l->dev, &l->address, l->prefix);
    struct netdev_addr *own = ip_addr_find(&l->address, l->dev->index);

    config_write_address(text, sizeof text, &l->address);
    if (!error)
        log_info("%s: %s/%u by DHCP", l->dev->name, text, l->prefix);
    else if (error != -EEXIST)
        log_warning("%s: %s cannot be had (error %d)", l->dev->name, text, -error);
    if (own)
        own->valid_until = own->preferred_until = l->until;
    if (l->mtu >= MTU_LEAST && l->mtu <= MAX(l->dev->mtu, l->dev->mtu_max)) {
        l->dev->mtu = l->mtu;
        net_changed();
    }
    for (unsigned i = 0; i < l->dns_count; i++)
        config_dns(&l->dns[i], l->dev);
    config_search(l->search);
    if (!boot_config.hostname_told)
        config_hostname(l->hostname);
}

/* A gateway that is not on the link of an address of ours gets a route of its own first, as clouds need it. */
void config_route(struct netdev *dev, const struct ip_addr *to, unsigned prefix,
                  const struct ip_addr *gateway)
{
    const struct ip_addr none = ip_is_v4(to) ? ip_from_v4(0) : (struct ip_addr){0};

    if (!ip_is_any(gateway) && !ip_is_link_local(gateway)) {
        const struct ip_route_entry *e = ip_route_lookup(gateway, dev);
        if (!e || !ip_is_any(&e->gateway))
            ip_route_add(gateway, ip_is_v4(gateway) ? 32 : 128, &none, dev, 0);
    }
    int error = ip_route_add(to, prefix, gateway, dev, 0);
    if (error && error != -EEXIST)
        log_warning("%s: %s cannot be had (error %d)", dev->name, "a route", -error);
}

void config_withdraw(struct netdev *dev, const struct ip_addr *a)
{
    ip_addr_remove(dev, a);
    LIST_FOR_EACH_SAFE(it, &ip_routes)
    {
        struct ip_route_entry *e = LIST_ENTRY(it, struct ip_route_entry, link);
        if (e->dev != dev || ip_is_v4(&e->to) != ip_is_v4(a) || ip_is_any(&e->gateway))
            continue;
        list_remove(&e->link);
        DELETE(e);
    }
    net_changed();
}

void config_dns(const struct ip_addr *server, const struct netdev *dev)
{
    char text[SCOPED];

    if (ip_is_any(server) || ip_is_multicast(server))
        return;
    size_t n = config_write_address(text, sizeof text, server);
    if (!ip_is_v4(server) && ip_is_link_local(server))
        format_text(text + n, sizeof text - n, "%%%s", dev->name);
    for (unsigned i = 0; i < names.count; i++)
        if (strcmp(names.server[i], text) == 0)
            return;
    if (names.count < SERVERS_MAX)
        memcpy(names.server[names.count++], text, sizeof text);
}

void config_search(const char *list)
{
    if (!names.search[0] && strlen(list) < sizeof names.search)
        memcpy(names.search, list, strlen(list) + 1);
}

void config_hostname(const char *name)
{
    char *copy;

    if (!*name || strlen(name) >= sizeof process.hostname || !(copy = heap_alloc(strlen(name) + 1)))
        return;
    memcpy(copy, name, strlen(name));
    boot_config.hostname = copy;
    boot_config.hostname_told = true;
    memset(process.hostname, 0, sizeof process.hostname);
    memcpy(process.hostname, name, strlen(name));
}

static const struct ip_addr *first_address(void)
{
    NETDEV_FOR_EACH(dev)
    LIST_FOR_EACH(it, &dev->addresses)
    {
        const struct netdev_addr *own = LIST_ENTRY(it, struct netdev_addr, link);
        if (!(dev->flags & IFF_LOOPBACK) && ip_is_v4(&own->addr))
            return &own->addr;
    }
    return NULL;
}

void config_resolver_finish(void)
{
    static char address[48], text[SEARCH_MAX + SERVERS_MAX * (SCOPED + 16)];
    const struct ip_addr *own = first_address();
    size_t n = 0;

    if (own) {
        config_write_address(address, sizeof address, own);
        boot_config.address = address;
    }
    if (!names.count)
        return;
    if (names.search[0])
        n = format_text(text, sizeof text, "search %s\n", names.search);
    for (unsigned i = 0; i < names.count; i++)
        n += format_text(text + n, sizeof text - n, "nameserver %s\n", names.server[i]);
    boot_config.resolver = text;
}
