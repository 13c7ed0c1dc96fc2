/* SPDX-License-Identifier: Apache-2.0 */
/* The multicast groups of a socket. */
#include "inet.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>

struct membership {
    struct list link;
    struct ip_addr group;
    unsigned device; /* index */
};

static int device_of(const struct inet_socket *s, const struct ip_addr *group, unsigned device,
                     struct netdev **out)
{
    struct ip_route r;
    if (!device)
        device = s->s.device;
    if (device) {
        *out = netdev_by_index(device);
        return *out ? 0 : -ENODEV;
    }
    if (ip_route(group, NULL, 0, &r) < 0)
        return -ENODEV;
    *out = r.dev;
    return 0;
}

static struct membership *find(const struct inet_socket *s, const struct ip_addr *group,
                               unsigned device)
{
    LIST_FOR_EACH(it, &s->memberships)
    {
        struct membership *m = LIST_ENTRY(it, struct membership, link);
        if (ip_same(&m->group, group) && (!device || m->device == device))
            return m;
    }
    return NULL;
}

int inet_join(struct inet_socket *s, const struct ip_addr *group, unsigned device)
{
    struct netdev *dev;
    if (!ip_is_multicast(group))
        return -EINVAL;
    int err = device_of(s, group, device, &dev);
    if (err < 0)
        return err;
    if (find(s, group, dev->index))
        return -EADDRINUSE;
    struct membership *m = NEW(struct membership);
    if (!m)
        return -ENOMEM;
    m->group = *group;
    m->device = dev->index;
    if ((err = ip_group_join(dev, group)) < 0) {
        DELETE(m);
        return err;
    }
    list_push_front(&s->memberships, &m->link);
    return 0;
}

bool inet_takes_group(const struct inet_socket *s, const struct ip_addr *group, unsigned device)
{
    return !s->multicast_own || find(s, group, device);
}

static void leave(struct membership *m)
{
    struct netdev *dev = netdev_by_index(m->device);
    if (dev)
        ip_group_leave(dev, &m->group);
    list_remove(&m->link);
    DELETE(m);
}

int inet_leave(struct inet_socket *s, const struct ip_addr *group, unsigned device)
{
    if (!ip_is_multicast(group))
        return -EINVAL;
    struct membership *m = find(s, group, device);
    if (!m)
        return -EADDRNOTAVAIL;
    leave(m);
    return 0;
}

void inet_leave_groups(struct inet_socket *s)
{
    while (!list_empty(&s->memberships))
        leave(LIST_ENTRY(s->memberships.next, struct membership, link));
}

IF_LINKED(sys_setsockopt, inet_leave_groups, unlinked_nothing);
