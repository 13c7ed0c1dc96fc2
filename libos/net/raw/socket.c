/* SPDX-License-Identifier: Apache-2.0 */
/* The life of raw and ping sockets. */
#include "raw.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/termios.h>
#include <u2k/uaccess.h>

struct list raw_sockets = LIST_INIT(raw_sockets);
struct inet_ports ping_ports;

/* Without ports there is only the address to bind to. */
int raw_bind(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct inet_socket *i = inet_of(s);
    struct ip_addr ip;
    uint16_t port;
    if (raw_is_ping(raw_of(s)))
        return inet_bind_name(&ping_ports, i, a, len);
    if (s->state == SOCKET_CONNECTED)
        return -EINVAL;
    int err = inet_from_sockaddr(i, a, len, &ip, &port, NULL);
    if (err < 0)
        return err;
    if (!ip_is_any(&ip) && !ip_is_multicast(&ip) && !ip_is_broadcast(&ip) && !i->freebind &&
        !ip_is_ours(&ip, i->s.device))
        return -EADDRNOTAVAIL;
    i->local = ip;
    i->bound_address = !ip_is_any(&ip);
    i->route.dev = NULL;
    return 0;
}

static ssize_t raw_receive_message(struct socket *s, struct message *m)
{
    return datagram_receive(datagram_of(s), m, 0, 0);
}

long raw_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    const struct datagram_socket *d = datagram_of(s);
    int32_t n = 0;
    if (request != FIONREAD && request != TIOCOUTQ)
        return -ENOTTY;
    if (request == FIONREAD && !list_empty(&d->received))
        n = (int32_t)LIST_ENTRY(d->received.next, struct packet, link)->total;
    return USER_PUT(arg, n);
}

static void raw_close(struct socket *s)
{
    struct raw_socket *r = raw_of(s);
    list_remove(&r->link);
    ip_raw_sockets--;
    datagram_close(&r->d);
    DELETE(r);
}

static const struct socket_ops raw_ops = {
    .bind = raw_bind,
    .connect = datagram_connect,
    .name = inet_name,
    .send = raw_send,
    .receive = raw_receive_message,
    .shutdown = datagram_shutdown,
    .poll = datagram_poll,
    .setsockopt = raw_setsockopt,
    .getsockopt = raw_getsockopt,
    .ioctl = raw_ioctl,
    .close = raw_close,
};
static const struct socket_ops ping_ops = {
    .bind = raw_bind,
    .connect = datagram_connect,
    .name = inet_name,
    .send = ping_send,
    .receive = raw_receive_message,
    .shutdown = datagram_shutdown,
    .poll = datagram_poll,
    .setsockopt = inet_setsockopt,
    .getsockopt = inet_getsockopt,
    .ioctl = raw_ioctl,
    .close = raw_close,
};

static int create(const struct socket_ops *ops, int family, int type, int protocol,
                  struct inet_ports *ports, struct socket **out)
{
    struct raw_socket *r = NEW(struct raw_socket);
    if (!r)
        return -ENOMEM;
    datagram_init(&r->d, ops, family, type, protocol, ports);
    list_push_back(&raw_sockets, &r->link);
    ip_raw_sockets++;
    *out = &r->d.i.s;
    return 0;
}

int raw_create(int family, int protocol, struct socket **out)
{
    int err = create(&raw_ops, family, SOCK_RAW, protocol, NULL, out);
    if (err == 0) {
        inet_of(*out)->local_port = (uint16_t)protocol; /* as getsockname(2) shows it */
        raw_of(*out)->header_included = family == AF_INET && protocol == IPPROTO_RAW;
    }
    return err;
}

/* For everybody, as container engines have it (net.ipv4.ping_group_range). */
int ping_create(int family, struct socket **out)
{
    return create(&ping_ops, family, SOCK_DGRAM, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
                  &ping_ports, out);
}

IF_LINKED(sys_bind, raw_bind, unlinked_never);
IF_LINKED(sys_ioctl, raw_ioctl, unlinked_never);
