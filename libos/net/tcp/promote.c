/* SPDX-License-Identifier: Apache-2.0 */
/* A request, or a SYN cookie, becomes a connection. */
#include "tcp.h"

/* What an accepted socket has from its listener (as on Linux, where it is a copy of it). */
static void inherit(struct tcp *t, const struct tcp *from)
{
    struct socket *s = &t->inet.s;
    const struct socket *l = &from->inet.s;

    s->reuseaddr = l->reuseaddr;
    s->reuseport = l->reuseport;
    s->keepalive = l->keepalive;
    s->dontroute = l->dontroute;
    s->oobinline = l->oobinline;
    s->timestamp = l->timestamp;
    s->sndbuf = t->sndbuf_auto = l->sndbuf;
    s->rcvbuf = t->rcvbuf_auto = l->rcvbuf;
    s->rcvlowat = l->rcvlowat;
    s->priority = l->priority;
    s->mark = l->mark;
    s->rcvtimeo = l->rcvtimeo;
    s->sndtimeo = l->sndtimeo;
    s->linger = l->linger;
    s->linger_seconds = l->linger_seconds;
    s->device = l->device;
    t->inet.v6only = from->inet.v6only;
    t->inet.ttl = from->inet.ttl;
    t->inet.tos = from->inet.tos;
    t->inet.mtu_discover = from->inet.mtu_discover;
    t->inet.recverr = from->inet.recverr;
    t->nodelay = from->nodelay;
    t->cork = from->cork;
    t->rcvbuf_set = from->rcvbuf_set;
    t->sndbuf_set = from->sndbuf_set;
    t->congestion = from->congestion;
    t->user_mss = from->user_mss;
    t->user_timeout = from->user_timeout;
    t->notsent_lowat = from->notsent_lowat;
    t->window_clamp = from->window_clamp;
    t->keep_idle = from->keep_idle;
    t->keep_interval = from->keep_interval;
    t->keep_count = from->keep_count;
    t->linger2 = from->linger2;
}

static void agree(struct tcp *t, const struct tcp_request *r)
{
    t->ts_on = r->ts_on;
    t->sack_on = r->sack_on;
    t->snd_scale = r->has_scale ? r->scale : 0;
    t->rcv_scale = r->has_scale ? TCP_SCALE : 0;
    t->peer_mss = r->mss ? (uint16_t)MAX(r->mss, TCP_MSS_MIN) : 0;
    t->ts_recent = r->ts_recent;
    t->ts_recent_at = tcp_beat();
    t->ts_offset = r->ts_offset;
    t->snd_una = r->iss;
    t->snd_nxt = t->written = r->iss + 1;
    t->rcv_nxt = t->copied = t->rcv_acked = r->irs + 1;
    t->rcv_adv = t->rcv_nxt + MIN(tcp_window_capacity(r->listener), 0xffffu);
    if (r->retries) /* a SYN and ACK was lost */
        t->total_again = r->retries;
    else if (r->due) /* no cookie */
        tcp_rtt_sample(t, tcp_tick() - r->born_tick);
}

void tcp_request_promote(const struct tcp_request *r, struct tcp_segment *seg)
{
    struct tcp *t = tcp_new(r->listener->inet.s.family);

    if (!t) {
        packet_free(seg->packet);
        return;
    }
    inherit(t, r->listener);
    t->inet.local = r->tuple.local;
    t->inet.peer = r->tuple.peer;
    t->inet.peer_port = r->tuple.peer_port;
    t->inet.local_port = r->tuple.local_port;
    t->inet.bound_address = true;
    if (!tcp_table_add(&t->link)) {
        packet_free(seg->packet);
        tcp_free(t);
        return;
    }
    inet_bind_as(&tcp_ports, &t->inet, r->tuple.local_port);
    t->pseudo = checksum_pseudo(&t->inet.local, &t->inet.peer, IPPROTO_TCP, 0);
    t->parent = r->listener;
    t->state = TCP_SYN_RECEIVED;
    agree(t, r);
    tcp_set_mss(t);
    tcp_input(t, seg);
    if (t->state == TCP_SYN_RECEIVED)
        tcp_done(t); /* it was not the acknowledgement after all */
}
