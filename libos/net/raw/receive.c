/* SPDX-License-Identifier: Apache-2.0 */
/* Which raw and ping sockets a packet is shown to. */
#include "raw.h"

static bool fits(const struct inet_socket *i, const struct packet *p)
{
    if ((i->s.family == AF_INET) != ip_is_v4(&p->dst))
        return false;
    if (i->s.device && i->s.device != p->dev->index)
        return false;
    if (!ip_is_any(&i->local) && !ip_same(&i->local, &p->dst))
        return false;
    return i->s.state != SOCKET_CONNECTED || ip_same(&i->peer, &p->src);
}

/* Answers to echoes of that identifier. */
static bool for_ping(const struct raw_socket *r, const struct packet *p)
{
    uint8_t h[ICMP_HEADER];
    uint8_t reply = ip_is_v4(&p->dst) ? ECHO_REPLY : ECHO_REPLY_V6;
    return r->d.i.bound && packet_copy(p, 0, h, sizeof h) && h[0] == reply &&
           be16(h + 4) == r->d.i.local_port;
}

static bool filtered(const struct raw_socket *r, const struct packet *p)
{
    uint8_t type;
    if (p->protocol == IPPROTO_ICMP)
        return packet_copy(p, 0, &type, 1) && type < 32 && (r->filter >> type & 1);
    if (p->protocol == IPPROTO_ICMPV6)
        return packet_copy(p, 0, &type, 1) && (r->filter_v6[type / 32] >> type % 32 & 1);
    return false;
}

static bool wants(const struct raw_socket *r, const struct packet *p)
{
    if (p->protocol != r->d.i.s.protocol || !fits(&r->d.i, p))
        return false;
    return raw_is_ping(r) ? for_ping(r, p) : !filtered(r, p);
}

/* With the header of IPv4 in front, which is where it was received. */
static void show(struct raw_socket *r, const struct packet *p)
{
    bool header = !raw_is_ping(r) && ip_is_v4(&p->dst);
    size_t len = header ? (size_t)(p->data - p->network) : 0;
    struct packet *copy = packet_clone(p, len);
    if (!copy)
        return;
    copy->dev = p->dev;
    if (header)
        __builtin_memcpy(packet_push(copy, len), p->network, len);
    datagram_queue(&r->d, copy);
}

bool raw_receive(struct packet *p)
{
    bool wanted = false;
    LIST_FOR_EACH(it, &raw_sockets)
    {
        struct raw_socket *r = LIST_ENTRY(it, struct raw_socket, link);
        if (!wants(r, p))
            continue;
        wanted = true;
        show(r, p);
    }
    return wanted;
}
