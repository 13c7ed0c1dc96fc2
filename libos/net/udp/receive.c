/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams in: which socket they are for, and what recvmsg(2) makes of them. */
#include "udp.h"

#include <u2k/errno.h>
#include <u2k/optional.h>
#include <u2k/sched.h>

/* How well a socket fits: -1 not at all; a connected one best (as Linux's compute_score()). */
static int score(const struct inet_socket *i, const struct ip_addr *src, uint16_t src_port,
                 const struct ip_addr *dst, unsigned device)
{
    int points = 0;
    if (ip_is_any(&i->local)) {
        if (ip_is_v4(dst) ? !ip_is_v4(&i->local) && i->v6only : ip_is_v4(&i->local))
            return -1;
        if (ip_is_v4(&i->local))
            points++;
    } else {
        if (!ip_same(&i->local, dst))
            return -1;
        points += 4;
    }
    if (i->s.state == SOCKET_CONNECTED) {
        if (i->peer_port != src_port || !ip_same(&i->peer, src))
            return -1;
        points += 8;
    }
    if (i->s.device) {
        if (i->s.device != device)
            return -1;
        points += 4;
    }
    return points;
}

static uint32_t flow_hash(const struct ip_addr *src, uint16_t port)
{
    uint32_t h =
        src->words[0] ^ src->words[1] ^ src->words[2] ^ src->words[3] ^ (uint32_t)port << 16;
    h *= 0x9e3779b1u;
    return h ^ h >> 16;
}

/* The best one; of several with SO_REUSEPORT that are as good, by the sender's address and port. */
static struct datagram_socket *find(const struct ip_addr *src, uint16_t src_port,
                                    const struct ip_addr *dst, uint16_t port, unsigned device)
{
    struct inet_socket *found = NULL;
    int best = -1;
    unsigned ties = 0;
    if (!udp_ports.started)
        return NULL;
    LIST_FOR_EACH(it, inet_bucket(&udp_ports, port))
    {
        struct inet_socket *i = LIST_ENTRY(it, struct inet_socket, port_link);
        int points = i->local_port == port ? score(i, src, src_port, dst, device) : -1;
        if (points < 0 || points < best)
            continue;
        ties = points > best ? 1 : ties + 1;
        /* The n-th of equals takes the place with a chance of one in n (reservoir sampling), told by the hash. */
        if (points > best || (i->s.reuseport && found->s.reuseport &&
                              (uint64_t)(flow_hash(src, src_port) * ties) * ties >> 32 == 0))
            found = i;
        best = points;
    }
    return found ? CONTAINER_OF(found, struct datagram_socket, i) : NULL;
}

static bool sum_good(const struct packet *p)
{
    if ((p->flags & PACKET_CHECKED))
        return true;
    if (raw16(p->data + UDP_SUM) == 0)
        return ip_is_v4(&p->dst); /* RFC 8200, 8.1: there it has to be */
    uint16_t pseudo = checksum_pseudo(&p->src, &p->dst, IPPROTO_UDP, p->total);
    return packet_checksum(p, 0, pseudo) == 0xffff;
}

/* To each socket that it fits. */
static void to_all(struct packet *p, uint16_t src_port, uint16_t port)
{
    LIST_FOR_EACH_SAFE(it, inet_bucket(&udp_ports, port))
    {
        struct inet_socket *i = LIST_ENTRY(it, struct inet_socket, port_link);
        if (i->local_port != port || score(i, &p->src, src_port, &p->dst, p->dev->index) < 0)
            continue;
        if (ip_is_multicast(&p->dst) && !inet_takes_group(i, &p->dst, p->dev->index))
            continue;
        struct packet *copy = packet_clone(p, 0);
        if (!copy)
            break;
        copy->dev = p->dev;
        datagram_queue(CONTAINER_OF(i, struct datagram_socket, i), copy);
    }
    packet_free(p);
}

void udp_receive(struct packet *p)
{
    if (p->total < UDP_HEADER || !packet_contiguous(p, UDP_HEADER))
        goto malformed;
    uint16_t src_port = be16(p->data), port = be16(p->data + 2), len = be16(p->data + UDP_LENGTH);
    if (len < UDP_HEADER || len > p->total)
        goto malformed;
    if (len < p->total)
        packet_trim(p, len);
    if (!sum_good(p))
        goto malformed;
    if (UNLIKELY(ip_is_multicast(&p->dst) || ip_is_broadcast(&p->dst))) {
        if (udp_ports.started)
            to_all(p, src_port, port);
        else
            packet_free(p);
        return;
    }
    struct datagram_socket *u = find(&p->src, src_port, &p->dst, port, p->dev->index);
    if (u) {
        datagram_queue(u, p);
        return;
    }
    ip_port_unreachable(p);
    packet_free(p);
    return;
malformed:
    p->dev->stats.rx_errors++;
    packet_free(p);
}

/* ICMP told us something of what we sent: ip(7), "Error handling". */
bool udp_error(const struct ip_error *e)
{
    uint16_t from = be16(e->transport), to = be16(e->transport + 2);
    struct datagram_socket *u = find(&e->dst, to, &e->src, from, 0);
    if (!u)
        return false;
    bool connected = u->i.s.state == SOCKET_CONNECTED;
    bool tell = u->i.recverr || ((e->hard || e->error == -EMSGSIZE) && connected);
    if (tell)
        socket_error(&u->i.s, -e->error);
    return true;
}

ssize_t udp_receive_message(struct socket *s, struct message *m)
{
    struct datagram_socket *u = datagram_of(s);
    bool any = !list_empty(&u->received);
    const struct packet *p = any ? LIST_ENTRY(u->received.next, struct packet, link) : NULL;
    return datagram_receive(u, m, UDP_HEADER, p ? be16(p->data) : 0);
}
