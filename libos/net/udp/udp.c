/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets: their life. */
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

long udp_ioctl(struct socket *s, unsigned request, vaddr_t arg)
{
    const struct datagram_socket *u = datagram_of(s);
    int32_t n = 0;
    if (request != FIONREAD && request != TIOCOUTQ)
        return -ENOTTY;
    if (request == FIONREAD && !list_empty(&u->received))
        n = (int32_t)LIST_ENTRY(u->received.next, struct packet, link)->total - UDP_HEADER;
    return USER_PUT(arg, n);
}

static void udp_close(struct socket *s)
{
    struct datagram_socket *u = datagram_of(s);
    datagram_close(u);
    DELETE(u);
}

/* UDP_CORK, UDP_SEGMENT and UDP_GRO are not there (ENOPROTOOPT): programs do without. */
static const struct socket_ops ops = {
    .bind = udp_bind,
    .connect = datagram_connect,
    .name = inet_name,
    .send = udp_send,
    .receive = udp_receive_message,
    .shutdown = datagram_shutdown,
    .poll = datagram_poll,
    .setsockopt = inet_setsockopt,
    .getsockopt = inet_getsockopt,
    .ioctl = udp_ioctl,
    .close = udp_close,
};

int udp_create(int family, struct socket **out)
{
    struct datagram_socket *u = NEW(struct datagram_socket);
    if (!u)
        return -ENOMEM;
    datagram_init(u, &ops, family, SOCK_DGRAM, IPPROTO_UDP, &udp_ports);
    *out = &u->i.s;
    return 0;
}

IF_LINKED(sys_bind, udp_bind, unlinked_never);
IF_LINKED(sys_ioctl, udp_ioctl, unlinked_never);
