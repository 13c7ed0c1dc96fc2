/* SPDX-License-Identifier: Apache-2.0 */
/* What raw and ping sockets send. */
#include "raw.h"
#include "../ethernet/ethernet.h"
#include "../ip/ip.h"
#include "../ipv4/ipv4.h"

#include <u2k/errno.h>

enum { LONGEST = 65535 };

/* The message in a packet of its own; NULL: *err says why. */
static struct packet *take(struct message *m, int *err)
{
    size_t len = m->data->left;
    *err = len > LONGEST ? -EMSGSIZE : 0;
    struct packet *p = *err ? NULL : packet_new(PACKET_HEADROOM, len);
    if (!p) {
        *err = *err ? *err : -ENOBUFS;
        return NULL;
    }
    if (iter_read(packet_append(p, len), m->data, len) < len) {
        packet_free(p);
        *err = -EFAULT;
        return NULL;
    }
    return p;
}

/* IP_HDRINCL (raw(7)): length and checksum are ours, identifier and source where they are 0. */
static int send_header(struct packet *p, const struct datagram_way *w)
{
    uint8_t *h = p->data;
    size_t header = p->len >= IPV4_HEADER ? (h[0] & 15u) * 4 : 0;
    int err = header < IPV4_HEADER || header > p->len ? -EINVAL
              : p->len > w->route->mtu                ? -EMSGSIZE
                                                      : 0;
    if (err < 0) {
        packet_free(p);
        return err;
    }
    if (!raw16(h + IPV4_ID))
        put_raw16(h + IPV4_ID, (uint16_t)ip_random());
    if (!raw32(h + IPV4_SOURCE))
        put_raw32(h + IPV4_SOURCE, ip_v4(&w->route->source));
    put_be16(h + IPV4_LENGTH, (uint16_t)p->len);
    put_raw16(h + IPV4_SUM, 0);
    put_raw16(h + IPV4_SUM, (uint16_t)~checksum(h, header, 0));
    p->network = h;
    return neighbour_send(w->route->neighbour, p);
}

/* RFC 3542, 3.1: of ICMPv6 the checksum is the library OS's. */
static void sum_v6(struct packet *p)
{
    if (p->protocol != IPPROTO_ICMPV6 || p->len < ICMP_SUM + 2)
        return;
    put_raw16(p->data + ICMP_SUM, 0);
    uint16_t pseudo = checksum_pseudo(&p->src, &p->dst, p->protocol, p->total);
    put_raw16(p->data + ICMP_SUM, (uint16_t)~packet_checksum(p, 0, pseudo));
}

ssize_t raw_send(struct socket *s, struct message *m)
{
    struct raw_socket *r = raw_of(s);
    struct datagram_way w;
    ssize_t len = (ssize_t)m->data->left;
    int err = datagram_way(&r->d, m, &w);
    if (err < 0)
        return err;
    struct packet *p = take(m, &err);
    if (!p)
        return err;
    bool whole = datagram_address(&r->d, p, &w);
    if (r->header_included) {
        err = send_header(p, &w);
    } else {
        sum_v6(p);
        err = ip_send(p, w.route, whole);
    }
    return err < 0 && !(err == -ENOBUFS && !r->d.i.recverr) ? err : len;
}

ssize_t ping_send(struct socket *s, struct message *m)
{
    struct raw_socket *r = raw_of(s);
    struct datagram_way w;
    ssize_t len = (ssize_t)m->data->left;
    bool v4 = s->family == AF_INET;
    if (len > 0xffff)
        return -EMSGSIZE;
    if (len < ICMP_HEADER)
        return -EINVAL;
    int err = datagram_way(&r->d, m, &w);
    if (err < 0)
        return err;
    struct packet *p = take(m, &err);
    if (!p)
        return err;
    if (p->data[0] != (v4 ? ECHO_REQUEST : ECHO_REQUEST_V6) || p->data[1] != 0) {
        packet_free(p);
        return -EINVAL;
    }
    bool whole = datagram_address(&r->d, p, &w);
    put_be16(p->data + 4, r->d.i.local_port);
    sum_v6(p);
    if (v4) {
        put_raw16(p->data + ICMP_SUM, 0);
        put_raw16(p->data + ICMP_SUM, (uint16_t)~packet_checksum(p, 0, 0));
    }
    err = ip_send(p, w.route, whole);
    return err < 0 && !(err == -ENOBUFS && !r->d.i.recverr) ? err : len;
}
