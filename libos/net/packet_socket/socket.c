/* SPDX-License-Identifier: Apache-2.0 */
/* The life of packet sockets, and what they are bound to. */
#include "packet_socket.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/process.h>
#include <u2k/string.h>
#include <u2k/termios.h>
#include <u2k/uaccess.h>

static void listen_to(struct packet_socket *u, uint16_t protocol, unsigned device)
{
    u->protocol = protocol;
    u->device = device;
    if (protocol && !u->tapping)
        netdev_tap_add(&u->tap);
    else if (!protocol && u->tapping)
        netdev_tap_remove(&u->tap);
    u->tapping = protocol != 0;
}

static int packet_socket_bind(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct packet_socket *u = packet_socket_of(s);
    struct sockaddr_ll ll;
    if (len < sizeof ll || a->family != AF_PACKET)
        return -EINVAL;
    memcpy(&ll, a, sizeof ll);
    if (ll.device && !netdev_by_index((unsigned)ll.device))
        return -ENODEV;
    listen_to(u, ll.protocol ? net16(ll.protocol) : u->protocol, (unsigned)ll.device);
    return 0;
}

static int packet_socket_name(struct socket *s, bool peer, struct sockaddr_k *out, unsigned *len)
{
    const struct packet_socket *u = packet_socket_of(s);
    const struct netdev *dev = u->device ? netdev_by_index(u->device) : NULL;
    struct sockaddr_ll ll = {.family = AF_PACKET, .protocol = net16(u->protocol)};
    if (peer)
        return -EOPNOTSUPP;
    ll.device = (int32_t)u->device;
    if (dev) {
        ll.hardware = dev->type;
        ll.len = sizeof dev->mac;
        memcpy(ll.address, dev->mac, sizeof dev->mac);
    }
    memcpy(out, &ll, sizeof ll);
    *len = LL_SHORT + ll.len;
    return 0;
}

static unsigned packet_socket_poll(struct socket *s)
{
    unsigned events = POLLOUT | POLLWRNORM | POLLWRBAND | (s->error ? POLLERR : 0u);
    return list_empty(&packet_socket_of(s)->received) ? events : events | POLLIN | POLLRDNORM;
}

long packet_socket_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    const struct packet_socket *u = packet_socket_of(s);
    int32_t n = 0;
    if (request != FIONREAD && request != TIOCOUTQ)
        return -ENOTTY;
    if (request == FIONREAD && !list_empty(&u->received))
        n = (int32_t)LIST_ENTRY(u->received.next, struct packet, link)->total;
    return USER_PUT(arg, n);
}

static void packet_socket_close(struct socket *s)
{
    struct packet_socket *u = packet_socket_of(s);
    listen_to(u, 0, 0);
    packet_socket_leave_all(u);
    while (!list_empty(&u->received))
        packet_socket_drop_first(u);
    DELETE(u);
}

static const struct socket_ops ops = {
    .bind = packet_socket_bind,
    .name = packet_socket_name,
    .send = packet_socket_send,
    .receive = packet_socket_receive,
    .poll = packet_socket_poll,
    .setsockopt = packet_socket_setsockopt,
    .getsockopt = packet_socket_getsockopt,
    .ioctl = packet_socket_ioctl,
    .close = packet_socket_close,
};

int packet_create(int type, int protocol, struct socket **out)
{
    if (!capable(CAP_NET_RAW))
        return -EPERM;
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    struct packet_socket *u = NEW(struct packet_socket);
    if (!u)
        return -ENOMEM;
    socket_init(&u->s, &ops, AF_PACKET, type, 0);
    list_init(&u->received);
    list_init(&u->memberships);
    u->tap.see = packet_socket_see;
    listen_to(u, net16(protocol), 0);
    *out = &u->s;
    return 0;
}

IF_LINKED(sys_ioctl, packet_socket_ioctl, unlinked_never);
