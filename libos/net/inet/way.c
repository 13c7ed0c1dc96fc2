/* SPDX-License-Identifier: Apache-2.0 */
/* Where a datagram goes, and how: what send(2) settles before there is a packet. */
#include <u2k/errno.h>
#include <u2k/inet.h>

enum { PMTUDISC_DONT, PMTUDISC_WANT, PMTUDISC_DO, PMTUDISC_PROBE };
enum { V4_HEADER = 20, V6_HEADER = 40 };

static int destination(struct datagram_socket *d, const struct message *m, struct datagram_way *w)
{
    struct inet_socket *i = &d->i;
    if (!m->name || !m->name_len) {
        if (i->s.state != SOCKET_CONNECTED)
            return -EDESTADDRREQ;
        w->to = i->peer;
        w->port = i->peer_port;
        return 0;
    }
    int err = inet_destination(i, m->name, m->name_len, &w->to, &w->port, &w->choice.device);
    if (err == -EAFNOSUPPORT && i->s.family == AF_INET6 && i->v6only)
        err = -ENETUNREACH;
    return err < 0 ? err : w->port || !d->ports ? 0 : -EINVAL;
}

/* With an address or a device of its own it does not take the cached route. */
static int find_route(struct inet_socket *i, const struct message *m, struct datagram_way *w)
{
    int err = 0;
    if (m->control && (err = inet_control_send(i, m, &w->choice)) < 0)
        return err;
    w->route = &i->route;
    if (!m->control && w->choice.device == i->s.device)
        return inet_route(i, &w->to);
    w->route = &w->own;
    err = inet_route_by(i, &w->to, &w->choice.source, w->choice.device, &w->own);
    return err == -EADDRNOTAVAIL ? -ENETUNREACH : err;
}

int datagram_way(struct datagram_socket *d, const struct message *m, struct datagram_way *w)
{
    struct inet_socket *i = &d->i;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    w->choice =
        (struct inet_choice){.source = i->local, .device = i->s.device, .ttl = -1, .tos = -1};
    int err = destination(d, m, w);
    if (err < 0)
        return err;
    if (d->ports && !i->bound && inet_autobind(d->ports, i, NULL) < 0)
        return -EAGAIN;
    if (!i->s.broadcast && ip_is_broadcast(&w->to))
        return -EACCES;
    if (UNLIKELY((err = find_route(i, m, w)) < 0))
        return err;
    if (UNLIKELY(i->s.error))
        return socket_take_error(&i->s);
    return (i->s.shut & SHUT_WRITING) ? -EPIPE : 0;
}

bool datagram_address(const struct datagram_socket *d, struct packet *p,
                      const struct datagram_way *w)
{
    const struct inet_socket *i = &d->i;
    bool group = ip_is_multicast(&w->to);
    p->src = w->route->source;
    p->dst = w->to;
    p->protocol = i->s.protocol;
    p->ttl = w->choice.ttl >= 0 ? (uint8_t)w->choice.ttl : group ? i->multicast_ttl : i->ttl;
    p->tos = w->choice.tos >= 0 ? (uint8_t)w->choice.tos : i->tos;
    uint32_t header = ip_is_v4(&w->to) ? V4_HEADER : V6_HEADER;
    switch (i->mtu_discover) {
    case PMTUDISC_WANT: return p->total + header <= w->route->mtu;
    case PMTUDISC_DO:
    case PMTUDISC_PROBE: return true;
    default: return false;
    }
}
