/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast groups (RFC 1112, 7.1): those that somebody here joined. */
#include "ip.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>

struct membership {
    struct list link;
    const struct netdev *dev;
    struct ip_addr group;
    unsigned count;
};

static struct list memberships = LIST_INIT(memberships);

IF_LINKED(part_ipv6, mld_report, unlinked_nothing);
IF_LINKED(part_udp, igmp_report, unlinked_nothing);

static void report(struct netdev *dev, const struct ip_addr *group, bool joined)
{
    if (ip_is_v4(group))
        igmp_report(dev, group, joined);
    else
        mld_report(dev, group, joined);
}

static struct membership *find(const struct netdev *dev, const struct ip_addr *group)
{
    LIST_FOR_EACH(it, &memberships)
    {
        struct membership *m = LIST_ENTRY(it, struct membership, link);
        if (m->dev == dev && ip_same(&m->group, group))
            return m;
    }
    return NULL;
}

/* All hosts, and all nodes of the link and of the node, are always listened to. */
bool ip_group_joined(const struct netdev *dev, const struct ip_addr *group)
{
    static const struct ip_addr all_hosts = {.words = {0, 0, net32(0xffff), net32(0xe0000001)}};

    if (ip_is_v4(group))
        return ip_same(group, &all_hosts) || find(dev, group);
    bool all_nodes =
        (group->words[0] == net32(0xff020000) || group->words[0] == net32(0xff010000)) &&
        !group->words[1] && group->halves[1] == 1ull << 56;
    return all_nodes || find(dev, group);
}

void ip_groups_of(const struct netdev *dev, void (*fn)(const struct ip_addr *group, void *arg),
                  void *arg)
{
    LIST_FOR_EACH(it, &memberships)
    {
        const struct membership *m = LIST_ENTRY(it, struct membership, link);
        if (m->dev == dev)
            fn(&m->group, arg);
    }
}

int ip_group_join(struct netdev *dev, const struct ip_addr *group)
{
    struct membership *m = find(dev, group);

    if (!ip_is_multicast(group))
        return -EINVAL;
    if (!m) {
        m = NEW(struct membership);
        if (!m)
            return -ENOMEM;
        m->dev = dev;
        m->group = *group;
        list_push_back(&memberships, &m->link);
        report(dev, group, true);
    }
    m->count++;
    return 0;
}

int ip_group_leave(struct netdev *dev, const struct ip_addr *group)
{
    struct membership *m = find(dev, group);

    if (!m)
        return -EADDRNOTAVAIL;
    if (--m->count == 0) {
        list_remove(&m->link);
        DELETE(m);
        report(dev, group, false);
    }
    return 0;
}
