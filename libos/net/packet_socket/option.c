/* SPDX-License-Identifier: Apache-2.0 */
/* Options of level SOL_PACKET. Rings, fan-out and filters are not there: ENOPROTOOPT, and programs do without. */
#include "packet_socket.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/string.h>

enum {
    PACKET_ADD_MEMBERSHIP = 1,
    PACKET_DROP_MEMBERSHIP = 2,
    PACKET_STATISTICS = 6,
    PACKET_IGNORE_OUTGOING = 23
};
enum { MR_MULTICAST, MR_PROMISC, MR_ALLMULTI, MR_UNICAST };

struct packet_mreq {
    int32_t device;
    uint16_t type, len;
    uint8_t address[8];
};
struct membership {
    struct list link, all_link;
    struct packet_mreq req;
};
static struct list all = LIST_INIT(all);

/* How many ask for all frames of a device. */
static unsigned promiscuous(unsigned device)
{
    unsigned n = 0;
    LIST_FOR_EACH(it, &all)
    {
        const struct packet_mreq *r = &LIST_ENTRY(it, struct membership, all_link)->req;
        n += (unsigned)r->device == device && r->type == MR_PROMISC;
    }
    return n;
}

static void tell_device(const struct packet_mreq *r, bool on)
{
    struct netdev *dev = netdev_by_index((unsigned)r->device);
    if (!dev || r->type != MR_PROMISC || promiscuous(dev->index) != (on ? 1u : 0u))
        return;
    dev->flags = on ? dev->flags | IFF_PROMISC : dev->flags & ~(uint32_t)IFF_PROMISC;
    if (dev->promiscuous)
        dev->promiscuous(dev, on);
}

static int join(struct packet_socket *u, const struct packet_mreq *r)
{
    const struct netdev *dev = netdev_by_index((unsigned)r->device);
    if (!dev)
        return -ENODEV;
    if (r->len > sizeof dev->mac || r->type > MR_UNICAST)
        return -EINVAL;
    struct membership *m = NEW(struct membership);
    if (!m)
        return -ENOBUFS;
    m->req = *r;
    list_push_back(&u->memberships, &m->link);
    list_push_back(&all, &m->all_link);
    tell_device(r, true);
    return 0;
}

static void forget(struct membership *m)
{
    struct packet_mreq r = m->req;
    list_remove(&m->link);
    list_remove(&m->all_link);
    DELETE(m);
    tell_device(&r, false);
}

static int leave(struct packet_socket *u, const struct packet_mreq *r)
{
    LIST_FOR_EACH(it, &u->memberships)
    {
        struct membership *m = LIST_ENTRY(it, struct membership, link);
        if (memcmp(&m->req, r, sizeof *r) == 0) {
            forget(m);
            break;
        }
    }
    return 0; /* even if there was none */
}

void packet_socket_leave_all(struct packet_socket *u)
{
    while (!list_empty(&u->memberships))
        forget(LIST_ENTRY(u->memberships.next, struct membership, link));
}

int packet_socket_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    struct packet_socket *u = packet_socket_of(s);
    struct packet_mreq r = {0};
    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    switch (name) {
    case PACKET_ADD_MEMBERSHIP:
    case PACKET_DROP_MEMBERSHIP:
        if (len < offsetof(struct packet_mreq, address))
            return -EINVAL;
        memcpy(&r, value, MIN(len, (unsigned)sizeof r));
        return name == PACKET_ADD_MEMBERSHIP ? join(u, &r) : leave(u, &r);
    case PACKET_IGNORE_OUTGOING:
        if (len != sizeof(int32_t))
            return -EINVAL;
        u->ignores_outgoing = *(const int32_t *)value != 0;
        return 0;
    default: return -ENOPROTOOPT;
    }
}

int packet_socket_getsockopt(struct socket *s, int level, int name, void *value, unsigned *len)
{
    struct packet_socket *u = packet_socket_of(s);
    uint32_t numbers[2] = {u->seen, u->dropped};
    unsigned size = sizeof numbers;
    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    switch (name) {
    case PACKET_STATISTICS: u->seen = u->dropped = 0; break;
    case PACKET_IGNORE_OUTGOING:
        numbers[0] = u->ignores_outgoing;
        size = sizeof numbers[0];
        break;
    default: return -ENOPROTOOPT;
    }
    *len = MIN(*len, size);
    memcpy(value, numbers, *len);
    return 0;
}

IF_LINKED(sys_setsockopt, packet_socket_setsockopt, unlinked_never);
IF_LINKED(sys_getsockopt, packet_socket_getsockopt, unlinked_never);
