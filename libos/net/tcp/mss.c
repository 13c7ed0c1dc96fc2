/* SPDX-License-Identifier: Apache-2.0 */
/* How long segments are: routes, the peer's option, ours, path MTU discovery (RFC 1191, RFC 8201, RFC 2923). */
#include "tcp.h"

#define BLACKHOLE_MSS 1024u /* tcp_base_mss */
#define BLACKHOLE_LEAST 536u

static uint32_t headers(const struct tcp *t)
{
    return (ip_is_v4(&t->inet.peer) ? 20u : 40u) + TCP_HEADER;
}

static uint32_t mtu(struct tcp *t)
{
    struct inet_socket *s = &t->inet;

    if (!ip_route_valid(&s->route) && inet_route(s, &s->peer) < 0)
        return ip_is_v4(&s->peer) ? 576 : 1280;
    return s->route.mtu;
}

/* What we tell the peer: by the device's MTU, not the path's (RFC 9293, 3.7.1). */
uint16_t tcp_mss_advertised(const struct tcp *t)
{
    const struct netdev *dev = t->inet.route.dev;
    uint32_t size = (dev ? dev->mtu : 1500u) - headers(t);

    if (t->user_mss)
        size = MIN(size, t->user_mss);
    return (uint16_t)MIN(size, 65535u);
}

void tcp_set_mss(struct tcp *t)
{
    uint32_t size = MIN(mtu(t), 65535u), peer = t->peer_mss;

    size = size > headers(t) ? size - headers(t) : TCP_MSS_MIN;
    if (!peer)
        peer = ip_is_v4(&t->inet.peer) ? TCP_MSS_DEFAULT : TCP_MSS_DEFAULT6;
    size = MIN(size, peer);
    if (t->user_mss)
        size = MIN(size, t->user_mss);
    if (t->ts_on)
        size -= TCP_TIMESTAMP_ROOM;
    t->mss = (uint16_t)MAX(size, TCP_MSS_MIN - TCP_TIMESTAMP_ROOM);
}

/* A router's word (tcp_error), or our own device's. The connection slows down by nothing but the segments' size. */
void tcp_mtu_lowered(struct tcp *t, uint32_t to)
{
    uint32_t old = t->mss;

    if (in_state(t, STATE(TCP_CLOSED) | STATE(TCP_LISTEN)))
        return;
    t->inet.route.dev = NULL;
    tcp_set_mss(t);
    if (to > headers(t) + TCP_TIMESTAMP_ROOM)
        t->mss = (uint16_t)MIN(t->mss, to - headers(t) - (t->ts_on ? TCP_TIMESTAMP_ROOM : 0));
    if (t->mss < old)
        t->cwnd = MAX(t->cwnd, 2u * t->mss);
}

/* Nothing arrives though retransmitted several times: perhaps large segments vanish without a word. */
bool tcp_blackhole(struct tcp *t)
{
    uint32_t to = t->mss > BLACKHOLE_MSS ? BLACKHOLE_MSS : MIN(t->mss, BLACKHOLE_LEAST);

    if (to == t->mss || !t->inet.mtu_discover)
        return false;
    t->mss = (uint16_t)to;
    return true;
}
