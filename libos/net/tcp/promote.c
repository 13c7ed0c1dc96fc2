/* SPDX-License-Identifier: Apache-2.0 */
/* A request, or a SYN cookie, becomes a connection. */
#include "tcp.h"

/* An accepted socket begins as a copy of its listener, options and all, as on Linux. */
static struct tcp *copy_of(const struct tcp *listener)
{
    struct tcp *t = heap_alloc(sizeof(*t));

    if (!t)
        return NULL;
    *t = *listener;
    t->link = (struct tcp_link){.kind = TCP_CONNECTION};
    t->timer = (struct timer){0};
    t->ooo = NULL;
    t->loss = NULL;
    t->rcv_memory = 0;
    list_init(&t->rcv_queue);
    list_init(&t->accept_link);
    list_init(&t->inet.port_link);
    list_init(&t->inet.memberships);
    waitq_init(&t->inet.s.wait);
    t->inet.s.file = NULL;
    t->inet.s.state = SOCKET_CONNECTING;
    t->inet.s.shut = 0;
    t->inet.s.error = 0;
    t->inet.bound = t->inet.port_chosen = false;
    t->inet.route.dev = NULL;
    t->in_ack_list = t->no_space = false;
    return t;
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
    struct tcp *t = copy_of(r->listener);

    if (!t) {
        packet_free(seg->packet);
        return;
    }
    t->inet.local = r->tuple.local;
    t->inet.peer = r->tuple.peer;
    t->inet.peer_port = r->tuple.peer_port;
    t->inet.local_port = r->tuple.local_port;
    t->inet.bound_address = true;
    t->inet.s.device = r->device;
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
