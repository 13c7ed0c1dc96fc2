/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of datagrams: connections, readiness, the queue of what has come. */
#include <u2k/errno.h>
#include <u2k/inet.h>
#include <u2k/optional.h>
#include <u2k/sched.h>

enum { OVERHEAD = 768 /* what a datagram counts besides its bytes, near what Linux has */ };

void datagram_init(struct datagram_socket *d, const struct socket_ops *ops, int family, int type,
                   int protocol, struct inet_ports *ports)
{
    inet_init(&d->i, ops, family, type, protocol);
    d->ports = ports;
    list_init(&d->received);
}

static struct ip_addr any_of(const struct inet_socket *i)
{
    return i->s.family == AF_INET ? ip_from_v4(0) : (struct ip_addr){0};
}

/* connect(2) to AF_UNSPEC: what bind(2) gave stays. */
static int disconnect(struct datagram_socket *d)
{
    struct inet_socket *i = &d->i;
    i->s.state = SOCKET_FRESH;
    i->s.device = 0;
    i->peer = any_of(i);
    i->peer_port = 0;
    i->route.dev = NULL;
    if (i->port_chosen)
        inet_unbind(d->ports, i);
    else if (!i->bound_address)
        i->local = any_of(i);
    return 0;
}

int datagram_connect(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct datagram_socket *d = datagram_of(s);
    struct inet_socket *i = &d->i;
    struct ip_addr to;
    uint16_t port;
    if (len < sizeof a->family)
        return -EINVAL;
    if (a->family == AF_UNSPEC)
        return disconnect(d);
    int err;
    if (d->ports && !i->bound && (err = inet_autobind(d->ports, i, NULL)) < 0)
        return -EAGAIN;
    if ((err = inet_peer(i, a, len, &to, &port)) < 0)
        return err;
    if (!i->bound_address)
        i->local = any_of(i);
    i->route.dev = NULL;
    if (ip_is_broadcast(&to) && !s->broadcast)
        return -EACCES;
    if ((err = inet_route(i, &to)) < 0)
        return err;
    if (ip_is_any(&i->local))
        i->local = i->route.source;
    i->peer = to;
    i->peer_port = port;
    s->state = SOCKET_CONNECTED;
    return 0;
}

int datagram_shutdown(struct socket *s, int how)
{
    s->shut |= (uint8_t)(how + 1); /* SHUT_RD, SHUT_WR, SHUT_RDWR as bits */
    socket_wake(s, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    return s->state == SOCKET_CONNECTED ? 0 : -ENOTCONN;
}

unsigned datagram_poll(struct socket *s)
{
    unsigned events = POLLOUT | POLLWRNORM | POLLWRBAND | (s->error ? POLLERR : 0u);
    if (!list_empty(&datagram_of(s)->received))
        events |= POLLIN | POLLRDNORM;
    if (s->shut & SHUT_READING)
        events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (s->shut == SHUT_BOTH)
        events |= POLLHUP;
    return events;
}

static void drop_first(struct datagram_socket *d)
{
    struct packet *p = LIST_ENTRY(d->received.next, struct packet, link);
    list_remove(&p->link);
    d->queued -= p->total + OVERHEAD;
    packet_free(p);
}

void datagram_close(struct datagram_socket *d)
{
    inet_close(d->ports, &d->i);
    while (!list_empty(&d->received))
        drop_first(d);
}

void datagram_queue(struct datagram_socket *d, struct packet *p)
{
    if (d->queued > d->i.s.rcvbuf || (d->i.s.shut & SHUT_READING)) {
        packet_free(p);
        return;
    }
    p->time = UNLIKELY(d->i.s.timestamp) ? clock_realtime() : 0;
    d->queued += p->total + OVERHEAD;
    list_push_back(&d->received, &p->link);
    socket_wake(&d->i.s, POLLIN | POLLRDNORM);
}

static ssize_t nothing_there(struct socket *s, const struct message *m)
{
    if (s->error)
        return socket_take_error(s);
    return (s->shut & SHUT_READING) && !(m->flags & MSG_DONTWAIT) ? 0 : -EAGAIN;
}

ssize_t datagram_receive(struct datagram_socket *d, struct message *m, size_t skip, uint16_t port)
{
    const struct inet_socket *i = &d->i;
    m->name_len = 0;
    if (m->flags & MSG_ERRQUEUE)
        return -EAGAIN; /* there is no queue of errors */
    if (i->s.error || list_empty(&d->received))
        return nothing_there(&d->i.s, m);
    struct packet *p = LIST_ENTRY(d->received.next, struct packet, link);
    size_t len = p->total - skip, want = MIN(len, m->data->left);
    if (packet_to_iter(p, skip, m->data, want) < want)
        return -EFAULT;
    if (m->name)
        inet_to_sockaddr(i, &p->src, port, m->name, &m->name_len);
    if (UNLIKELY(i->s.timestamp))
        socket_put_time(&i->s, m, p->time);
    if (i->asks)
        inet_control_receive(i, m, p);
    if (want < len)
        m->out_flags |= MSG_TRUNC;
    if (!(m->flags & MSG_PEEK))
        drop_first(d);
    return (ssize_t)((m->flags & MSG_TRUNC) ? len : want);
}

IF_LINKED(sys_connect, datagram_connect, unlinked_never);
IF_LINKED(sys_shutdown, datagram_shutdown, unlinked_never);
IF_LINKED(file_poll, datagram_poll, unlinked_never);
