/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets: their life, connections, readiness. */
#include "udp.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/pages.h>
#include <u2k/termios.h>
#include <u2k/uaccess.h>

struct inet_ports udp_ports;

int udp_bind(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    return inet_bind_name(&udp_ports, inet_of(s), a, len);
}

static struct ip_addr any_of(const struct inet_socket *i)
{
    return i->s.family == AF_INET ? ip_from_v4(0) : (struct ip_addr){0};
}

/* connect(2) to AF_UNSPEC: what bind(2) gave stays. */
static int disconnect(struct inet_socket *i)
{
    i->s.state = SOCKET_FRESH;
    i->peer = any_of(i);
    i->peer_port = 0;
    i->route.dev = NULL;
    if (i->port_chosen)
        inet_unbind(&udp_ports, i);
    else if (!i->bound_address)
        i->local = any_of(i);
    return 0;
}

int udp_connect(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct inet_socket *i = inet_of(s);
    struct ip_addr to;
    uint16_t port;
    if (len < sizeof a->family)
        return -EINVAL;
    if (a->family == AF_UNSPEC)
        return disconnect(i);
    int err = inet_destination(i, a, len, &to, &port);
    if (err < 0)
        return err;
    if (!i->bound_address)
        i->local = any_of(i);
    i->route.dev = NULL;
    if (ip_is_broadcast(&to) && !s->broadcast)
        return -EACCES;
    if ((err = inet_route(i, &to)) < 0)
        return err;
    if (!i->bound && (err = inet_autobind(&udp_ports, i, NULL)) < 0)
        return -EAGAIN;
    if (ip_is_any(&i->local))
        i->local = i->route.source;
    i->peer = to;
    i->peer_port = port;
    s->state = SOCKET_CONNECTED;
    return 0;
}

int udp_shutdown(struct socket *s, int how)
{
    s->shut |= (uint8_t)(how + 1); /* SHUT_RD, SHUT_WR, SHUT_RDWR as bits */
    socket_wake(s, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    return s->state == SOCKET_CONNECTED ? 0 : -ENOTCONN;
}

unsigned udp_poll(struct socket *s)
{
    unsigned events = POLLOUT | POLLWRNORM | POLLWRBAND | (s->error ? POLLERR : 0u);
    if (!list_empty(&udp_of(s)->received))
        events |= POLLIN | POLLRDNORM;
    if (s->shut & SHUT_READING)
        events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (s->shut == SHUT_BOTH)
        events |= POLLHUP;
    return events;
}

long udp_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    const struct udp_socket *u = udp_of(s);
    int32_t n = 0;
    if (request != FIONREAD && request != TIOCOUTQ)
        return -ENOTTY;
    if (request == FIONREAD && !list_empty(&u->received))
        n = (int32_t)LIST_ENTRY(u->received.next, struct packet, link)->total - UDP_HEADER;
    return USER_PUT(arg, n);
}

static void udp_close(struct socket *s)
{
    struct udp_socket *u = udp_of(s);
    inet_close(&udp_ports, &u->i);
    while (!list_empty(&u->received))
        udp_drop_first(u);
    DELETE(u);
}

static const struct socket_ops ops = {
    .bind = udp_bind,
    .connect = udp_connect,
    .name = inet_name,
    .send = udp_send,
    .receive = udp_receive_message,
    .shutdown = udp_shutdown,
    .poll = udp_poll,
    .setsockopt = inet_setsockopt,
    .getsockopt = inet_getsockopt,
    .ioctl = udp_ioctl,
    .close = udp_close,
};

int udp_create(int family, struct socket **out)
{
    struct udp_socket *u = NEW(struct udp_socket);
    if (!u)
        return -ENOMEM;
    inet_init(&u->i, &ops, family, SOCK_DGRAM, IPPROTO_UDP);
    list_init(&u->received);
    *out = &u->i.s;
    return 0;
}

IF_LINKED(sys_bind, udp_bind, unlinked_never);
IF_LINKED(sys_connect, udp_connect, unlinked_never);
IF_LINKED(sys_shutdown, udp_shutdown, unlinked_never);
IF_LINKED(file_poll, udp_poll, unlinked_never);
IF_LINKED(sys_ioctl, udp_ioctl, unlinked_never);
