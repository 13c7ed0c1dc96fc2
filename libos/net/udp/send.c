/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams out: one copy, from the program into the packet. */
#include "udp.h"

#include <u2k/errno.h>

enum { LONGEST = 65535 - UDP_HEADER, V4_HEADER = 20 };

static void put_header(const struct datagram_socket *u, struct packet *p,
                       const struct datagram_way *w)
{
    uint32_t len = p->total;
    uint8_t *h = p->data;
    put_be16(h, u->i.local_port);
    put_be16(h + 2, w->port);
    put_be16(h + UDP_LENGTH, (uint16_t)len);
    put_raw16(h + UDP_SUM, checksum_pseudo(&p->src, &p->dst, IPPROTO_UDP, len));
    p->csum_start = h;
    p->csum_offset = UDP_SUM;
    p->flags = PACKET_SUM_WANTED;
}

/* Groups and broadcasts come to our own sockets too. */
static void loop_back(const struct inet_socket *i, const struct packet *p,
                      const struct datagram_way *w)
{
    bool group = ip_is_multicast(&w->to);
    if ((!group && !ip_is_broadcast(&w->to)) || (w->route->dev->flags & IFF_LOOPBACK))
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

static ssize_t send_by(struct datagram_socket *u, struct message *m, struct datagram_way *w)
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
    bool whole = datagram_address(u, p, w);
    put_header(u, p, w);
    loop_back(&u->i, p, w);
    int err = ip_send(p, w->route, whole);
    if (err == -ENOBUFS && !u->i.recverr)
        err = 0; /* lost on the way, as any other may be */
    return err < 0 ? err : (ssize_t)len;
}

ssize_t udp_send(struct socket *s, struct message *m)
{
    struct datagram_way w;
    if (m->data->left > 0xffff)
        return -EMSGSIZE;
    if (m->flags & MSG_MORE) /* what comes in parts is not there: udp(7), UDP_CORK */
        return -EOPNOTSUPP;
    int err = datagram_way(datagram_of(s), m, &w);
    return err < 0 ? err : send_by(datagram_of(s), m, &w);
}
