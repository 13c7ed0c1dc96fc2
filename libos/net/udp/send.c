/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams out: one copy, from the program into the packet. */
#include "udp.h"

#include <u2k/errno.h>

enum { LONGEST = 65535 - UDP_HEADER, V4_HEADER = 20, V6_HEADER = 40 };
enum { PMTUDISC_DONT, PMTUDISC_WANT, PMTUDISC_DO, PMTUDISC_PROBE };

/* Where it goes, in the way of this one message. */
struct way {
    struct ip_addr to;
    uint16_t port;
    struct ip_route *route, own;
    struct inet_choice choice;
};

static int destination(struct inet_socket *i, const struct message *m, struct way *w)
{
    if (!m->name || !m->name_len) {
        if (i->s.state != SOCKET_CONNECTED)
            return -EDESTADDRREQ;
        w->to = i->peer;
        w->port = i->peer_port;
        return 0;
    }
    int err = inet_destination(i, m->name, m->name_len, &w->to, &w->port);
    if (err == -EAFNOSUPPORT && i->s.family == AF_INET6 && i->v6only)
        err = -ENETUNREACH;
    return err < 0 ? err : w->port ? 0 : -EINVAL;
}

/* With an address or a device of its own it does not take the cached route. */
static int find_route(struct inet_socket *i, const struct message *m, struct way *w)
{
    int err = 0;
    w->choice =
        (struct inet_choice){.source = i->local, .device = i->s.device, .ttl = -1, .tos = -1};
    if (m->control && (err = inet_control_send(i, m, &w->choice)) < 0)
        return err;
    w->route = &i->route;
    if (!m->control)
        return inet_route(i, &w->to);
    w->route = &w->own;
    const struct ip_addr *source = ip_is_any(&w->choice.source) ? NULL : &w->choice.source;
    err = ip_route(&w->to, source, w->choice.device, &w->own);
    return err == -EADDRNOTAVAIL ? -ENETUNREACH : err;
}

static void put_header(struct packet *p, const struct inet_socket *i, const struct way *w)
{
    uint32_t len = p->total;
    uint8_t *h = p->data;
    bool group = ip_is_multicast(&w->to);
    p->src = w->route->source;
    p->dst = w->to;
    p->protocol = IPPROTO_UDP;
    p->ttl = w->choice.ttl >= 0 ? (uint8_t)w->choice.ttl : group ? i->multicast_ttl : i->ttl;
    p->tos = w->choice.tos >= 0 ? (uint8_t)w->choice.tos : i->tos;
    put_be16(h, i->local_port);
    put_be16(h + 2, w->port);
    put_be16(h + UDP_LENGTH, (uint16_t)len);
    put_raw16(h + UDP_SUM, checksum_pseudo(&p->src, &p->dst, IPPROTO_UDP, len));
    p->csum_start = h;
    p->csum_offset = UDP_SUM;
    p->flags = PACKET_SUM_WANTED;
}

/* Groups and broadcasts come to our own sockets too. */
static void loop_back(const struct inet_socket *i, const struct packet *p, const struct way *w)
{
    bool group = ip_is_multicast(&w->to);
    if (!group && !ip_is_broadcast(&w->to))
        return;
    if (group && (!i->multicast_loop || !ip_group_joined(w->route->dev, &w->to)))
        return;
    struct packet *copy = packet_clone(p, PACKET_HEADROOM);
    if (!copy)
        return;
    copy->flags = PACKET_CHECKED | PACKET_LOOPED | PACKET_BROADCAST;
    copy->dev = w->route->dev;
    copy->transport = copy->data;
    udp_receive(copy);
}

static bool dont_fragment(const struct inet_socket *i, const struct packet *p, const struct way *w)
{
    uint32_t header = ip_is_v4(&w->to) ? V4_HEADER : V6_HEADER;
    switch (i->mtu_discover) {
    case PMTUDISC_WANT: return p->total + header <= w->route->mtu;
    case PMTUDISC_DO:
    case PMTUDISC_PROBE: return true;
    default: return false;
    }
}

static ssize_t send_by(struct inet_socket *i, struct message *m, struct way *w)
{
    size_t len = m->data->left;
    uint32_t header = ip_is_v4(&w->to) ? V4_HEADER : 0;
    if (len > LONGEST - header)
        return -EMSGSIZE;
    struct packet *p = packet_new(PACKET_HEADROOM, UDP_HEADER + len);
    if (!p)
        return -ENOBUFS;
    uint8_t *at = packet_append(p, UDP_HEADER + len);
    if (iter_read(at + UDP_HEADER, m->data, len) < len) {
        packet_free(p);
        return -EFAULT;
    }
    put_header(p, i, w);
    loop_back(i, p, w);
    int err = ip_send(p, w->route, dont_fragment(i, p, w));
    if (err == -ENOBUFS && !i->recverr)
        err = 0; /* lost on the way, as any other may be */
    return err < 0 ? err : (ssize_t)len;
}

ssize_t udp_send(struct socket *s, struct message *m)
{
    struct inet_socket *i = inet_of(s);
    struct way w;
    if (m->data->left > 0xffff)
        return -EMSGSIZE;
    if (m->flags & (MSG_OOB | MSG_MORE)) /* what comes in parts is not there: udp(7), UDP_CORK */
        return -EOPNOTSUPP;
    int err = destination(i, m, &w);
    if (err < 0)
        return err;
    if (!i->bound && (err = inet_autobind(&udp_ports, i, NULL)) < 0)
        return -EAGAIN;
    if (!s->broadcast && ip_is_broadcast(&w.to))
        return -EACCES;
    if (UNLIKELY((err = find_route(i, m, &w)) < 0))
        return err;
    if (UNLIKELY(s->error))
        return socket_take_error(s);
    if (s->shut & SHUT_WRITING)
        return -EPIPE;
    return send_by(i, m, &w);
}
