/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices there are. */
#include <u2k/log.h>
#include <u2k/netdev.h>
#include <u2k/string.h>

#include "netdev.h"

struct list netdevs = LIST_INIT(netdevs);
uint32_t net_generation = 1;

static unsigned last_index, ethernet_count;

void net_changed(void)
{
    net_generation++;
    netlink_changed();
}

void netdev_register(struct netdev *dev)
{
    list_init(&dev->addresses);
    dev->index = ++last_index;
    list_push_back(&netdevs, &dev->link);
    net_changed();
}

void netdev_offer(struct netdev *dev)
{
    loopback_start(); /* it is number 1, whoever comes first */
    format_text(dev->name, sizeof(dev->name), "eth%u", ethernet_count++);
    dev->type = ARPHRD_ETHER;
    dev->flags |= IFF_UP | IFF_RUNNING | IFF_BROADCAST | IFF_MULTICAST;
    netdev_register(dev);
    log_info("%s: %02x:%02x:%02x:%02x:%02x:%02x, mtu %u", dev->name, dev->mac[0], dev->mac[1],
             dev->mac[2], dev->mac[3], dev->mac[4], dev->mac[5], dev->mtu);
}

struct netdev *netdev_by_index(unsigned index)
{
    NETDEV_FOR_EACH(dev)
    if (dev->index == index)
        return dev;
    return NULL;
}

struct netdev *netdev_by_name(const char *name)
{
    NETDEV_FOR_EACH(dev)
    if (strncmp(dev->name, name, sizeof(dev->name)) == 0)
        return dev;
    return NULL;
}
