/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink sockets: to the kernel and back; answers are there when send(2) returns. */
#include "netlink.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>

enum { NETLINK_ROUTE = 0, REQUEST_MAX = 32768, QUEUE_MAX = 64 /* pages */ };
enum { NETLINK_ADD_MEMBERSHIP = 1, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_STRICT = 12 };
enum { RTMGRP_LINK = 1, RTMGRP_IPV4_IFADDR = 0x10, RTMGRP_IPV6_IFADDR = 0x100 };

struct sockaddr_nl {
    uint16_t family, pad;
    uint32_t port, groups;
};

static struct list sockets = LIST_INIT(sockets);

static bool taken(uint32_t port)
{
    LIST_FOR_EACH(it, &sockets)
    if (LIST_ENTRY(it, struct netlink_socket, all_link)->port == port)
        return true;
    return false;
}

static int bind_to(struct netlink_socket *u, uint32_t port)
{
    static uint32_t next = UINT32_MAX - 4096; /* as Linux, from the top down */
    if (u->port)
        return port && port != u->port ? -EINVAL : 0;
    if (port && taken(port))
        return -EADDRINUSE;
    if (!port) {
        port = PID;
        while (taken(port))
            port = next--;
    }
    u->port = port;
    return 0;
}

static int netlink_bind(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct sockaddr_nl nl;
    if (len < sizeof nl || a->family != AF_NETLINK)
        return -EINVAL;
    memcpy(&nl, a, sizeof nl);
    int err = bind_to(netlink_of(s), nl.port);
    if (err == 0)
        netlink_of(s)->groups = nl.groups;
    return err;
}

static int netlink_connect(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct sockaddr_nl nl;
    if (len < sizeof a->family)
        return -EINVAL;
    if (a->family == AF_UNSPEC)
        return 0;
    if (len < sizeof nl || a->family != AF_NETLINK)
        return -EINVAL;
    memcpy(&nl, a, sizeof nl);
    if (nl.port)
        return -ECONNREFUSED; /* nobody but the library OS answers */
    return bind_to(netlink_of(s), 0);
}

static int netlink_name(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len)
{
    const struct netlink_socket *u = netlink_of(s);
    struct sockaddr_nl nl = {.family = AF_NETLINK};
    if (!peer) {
        nl.port = u->port;
        nl.groups = u->groups;
    }
    memcpy(out, &nl, *len = sizeof nl);
    return 0;
}

static ssize_t netlink_send(struct socket *s, struct message *m)
{
    struct netlink_socket *u = netlink_of(s);
    struct sockaddr_nl nl = {0};
    size_t len = m->data->left;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (m->name && m->name_len) {
        if (m->name_len < sizeof nl || m->name->family != AF_NETLINK)
            return -EINVAL;
        memcpy(&nl, m->name, sizeof nl);
    }
    int err = bind_to(u, 0);
    if (err < 0 || nl.port)
        return err < 0 ? err : -ECONNREFUSED;
    if (len > REQUEST_MAX)
        return -EMSGSIZE;
    if (u->received_count > QUEUE_MAX)
        return -EAGAIN;
    uint8_t *data = heap_alloc(MAX(len, 1ul));
    if (!data)
        return -ENOBUFS;
    bool whole = iter_read(data, m->data, len) == len;
    if (whole)
        netlink_requests(u, data, len);
    heap_free(data, MAX(len, 1ul));
    return whole ? (ssize_t)len : -EFAULT;
}

static void drop_first(struct netlink_socket *u)
{
    struct netlink_datagram *d = LIST_ENTRY(u->received.next, struct netlink_datagram, link);
    list_remove(&d->link);
    u->received_count--;
    pages_free(d, 1);
}

static ssize_t netlink_receive(struct socket *s, struct message *m)
{
    struct netlink_socket *u = netlink_of(s);
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    m->name_len = 0;
    if (s->error)
        return socket_take_error(s);
    if (list_empty(&u->received))
        return -EAGAIN;
    struct netlink_datagram *d = LIST_ENTRY(u->received.next, struct netlink_datagram, link);
    size_t want = MIN((size_t)d->len, m->data->left), len = d->len;
    if (iter_write(m->data, d->data, want) < want)
        return -EFAULT;
    if (m->name)
        memcpy(m->name, &(struct sockaddr_nl){.family = AF_NETLINK},
               m->name_len = sizeof(struct sockaddr_nl));
    if (want < len)
        m->out_flags |= MSG_TRUNC;
    if (!(m->flags & MSG_PEEK))
        drop_first(u);
    return (ssize_t)((m->flags & MSG_TRUNC) ? len : want);
}

static unsigned netlink_poll(struct socket *s)
{
    const struct netlink_socket *u = netlink_of(s);
    unsigned events = u->received_count > QUEUE_MAX ? 0 : POLLOUT | POLLWRNORM | POLLWRBAND;
    if (s->error)
        events |= POLLERR;
    return list_empty(&u->received) ? events : events | POLLIN | POLLRDNORM;
}

/* Multicast groups above 32 are of other protocols; the rest only changes what errors look like. */
int netlink_setsockopt(struct socket *s, int level, int name, const void *value, unsigned len)
{
    struct netlink_socket *u = netlink_of(s);
    uint32_t v;
    if (level != SOL_NETLINK)
        return -ENOPROTOOPT;
    if (len < sizeof v)
        return -EINVAL;
    memcpy(&v, value, sizeof v);
    switch (name) {
    case NETLINK_ADD_MEMBERSHIP:
    case NETLINK_DROP_MEMBERSHIP:
        if (v == 0 || v > 32)
            return -EINVAL;
        if (name == NETLINK_ADD_MEMBERSHIP)
            u->groups |= 1u << (v - 1);
        else
            u->groups &= ~(1u << (v - 1));
        return 0;
    default: return name >= NETLINK_PKTINFO && name <= NETLINK_STRICT ? 0 : -ENOPROTOOPT;
    }
}

static void netlink_close(struct socket *s)
{
    struct netlink_socket *u = netlink_of(s);
    list_remove(&u->all_link);
    while (!list_empty(&u->received))
        drop_first(u);
    DELETE(u);
}

static const struct socket_ops ops = {
    .bind = netlink_bind,
    .connect = netlink_connect,
    .name = netlink_name,
    .send = netlink_send,
    .receive = netlink_receive,
    .poll = netlink_poll,
    .setsockopt = netlink_setsockopt,
    .close = netlink_close,
};

int netlink_create(int type, int protocol, struct socket **out)
{
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_ROUTE)
        return -EPROTONOSUPPORT;
    struct netlink_socket *u = NEW(struct netlink_socket);
    if (!u)
        return -ENOMEM;
    socket_init(&u->s, &ops, AF_NETLINK, type, protocol);
    list_init(&u->received);
    list_push_back(&sockets, &u->all_link);
    *out = &u->s;
    return 0;
}

/* Who listens is told all there is: what it was that changed nobody keeps. */
static void tell(struct netlink_socket *u)
{
    struct answer a = {.to = u};
    NETDEV_FOR_EACH(dev)
    {
        if (u->groups & RTMGRP_LINK)
            link_put(&a, dev);
        LIST_FOR_EACH(it, &dev->addresses)
        {
            const struct netdev_addr *addr = LIST_ENTRY(it, struct netdev_addr, link);
            if (u->groups & (ip_is_v4(&addr->addr) ? RTMGRP_IPV4_IFADDR : RTMGRP_IPV6_IFADDR))
                address_put(&a, dev, addr);
        }
    }
    answer_send(&a);
}

void netlink_changed(void)
{
    LIST_FOR_EACH(it, &sockets)
    {
        struct netlink_socket *u = LIST_ENTRY(it, struct netlink_socket, all_link);
        if (!u->groups)
            continue;
        if (u->received_count > QUEUE_MAX)
            socket_error(&u->s, ENOBUFS);
        else
            tell(u);
    }
}

IF_LINKED(sys_setsockopt, netlink_setsockopt, unlinked_never);
IF_LINKED(part_netlink, netlink_changed, unlinked_nothing);
