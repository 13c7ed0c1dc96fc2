/* SPDX-License-Identifier: Apache-2.0 */
/* bind(2) and connect(2). */
#include "tcp.h"

int tcp_bind(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct tcp *t = tcp_of(s);
    struct ip_addr ip;
    uint16_t port;
    int err = inet_from_sockaddr(&t->inet, a, len, &ip, &port, NULL);

    if (err < 0)
        return err;
    if (t->state != TCP_CLOSED || t->inet.bound)
        return -EINVAL;
    if (ip_is_multicast(&ip) || ip_is_broadcast(&ip))
        return -EADDRNOTAVAIL;
    if (port && !s->reuseaddr && tcp_timewait_port(port, &ip))
        return -EADDRINUSE;
    return inet_bind_name(&tcp_ports, &t->inet, a, len);
}

/* Could a connection have these addresses? A TIME-WAIT that both sides' timestamps can tell apart is no obstacle. */
static bool free_for(const struct inet_socket *s, uint16_t port)
{
    const struct tcp_tuple tuple = {s->local, s->peer, port, s->peer_port};
    struct tcp_link *l = tcp_find(&tuple);

    return !l || (l->kind == TCP_TIMEWAIT_RECORD && tcp_timewait_reusable(tcp_timewait_of(l)));
}

/* A socket may have had a connection before. */
static void fresh(struct tcp *t)
{
    tcp_receive_purge(t);
    tcp_send_queue_purge(t);
    tcp_sent_free(t);
    if (t->loss)
        DELETE(t->loss);
    t->loss = NULL;
    t->trouble = false;
    t->recovery = TCP_OPEN;
    t->due = t->backoff = t->retries = t->probes = 0;
    t->fin_wanted = t->fin_received = t->fin_sent = t->pingpong = t->cwnd_limited = false;
    t->urgent_sent = t->more = false;
    t->ts_on = t->sack_on = true;
    t->rcv_scale = TCP_SCALE;
    t->urgent = URGENT_NONE;
    t->ssthresh = UINT32_MAX;
    t->srtt8 = t->min_rtt = t->rcv_rtt = t->total_again = 0;
    t->rto = TCP_RTO_INITIAL;
    t->quick = TCP_QUICK_ACKS;
    t->rcv_nxt = t->copied = t->rcv_acked = t->rcv_adv = t->ts_recent = 0;
    t->inet.s.shut = 0;
    t->inet.s.error = 0;
}

int tcp_disconnect(struct tcp *t)
{
    if (t->state == TCP_LISTEN)
        tcp_listen_close(t);
    else if (t->state != TCP_CLOSED) {
        if (!in_state(t, STATE(TCP_SYN_SENT)))
            tcp_send_reset(t);
        tcp_done(t);
    }
    fresh(t);
    t->inet.peer = (struct ip_addr){0};
    t->inet.peer_port = 0;
    if (!t->inet.bound_address)
        t->inet.local = t->inet.s.family == AF_INET ? ip_from_v4(0) : (struct ip_addr){0};
    t->inet.route.dev = NULL;
    if (t->inet.port_chosen)
        inet_unbind(&tcp_ports, &t->inet);
    t->inet.s.state = SOCKET_FRESH;
    return 0;
}

/* The addresses are known: choose the port, take the place in the table. */
static int claim(struct tcp *t, uint32_t *iss)
{
    struct inet_socket *s = &t->inet;
    int err = 0;

    if (!s->bound)
        err = inet_autobind(&tcp_ports, s, free_for);
    else if (!free_for(s, s->local_port))
        err = -EADDRNOTAVAIL;
    if (err < 0)
        return err;
    *iss = tcp_initial_seq(tcp_tuple(t));
    struct tcp_link *l = tcp_find(tcp_tuple(t));
    if (l) { /* RFC 6191: numbers and timestamps go on where the old connection's ended */
        struct tcp_timewait *w = tcp_timewait_of(l);
        *iss = w->snd_nxt + 65537;
        t->ts_recent = w->ts_recent;
        t->ts_offset = w->ts_offset;
        tcp_timewait_free(w);
    }
    return tcp_table_add(&t->link) ? 0 : -ENOMEM;
}

static int begin(struct tcp *t)
{
    uint32_t iss = 0;

    fresh(t);
    t->ts_offset = tcp_timestamp_offset(tcp_tuple(t));
    int err = claim(t, &iss);
    if (err < 0)
        return err;
    t->pseudo = checksum_pseudo(&t->inet.local, &t->inet.peer, IPPROTO_TCP, 0);
    t->snd_una = iss;
    t->snd_nxt = t->written = iss + 1;
    t->peer_mss = 0;
    tcp_set_mss(t);
    t->rcv_mss = TCP_MSS_DEFAULT;
    t->state = TCP_SYN_SENT;
    t->inet.s.state = SOCKET_CONNECTING;
    t->tune_at = tcp_tick();
    t->stalled_at = t->heard_at = tcp_beat();
    tcp_send_syn(t, false);
    tcp_timer_send(t, SEND_RTO, t->rto / TICKS_PER_BEAT);
    return -EINPROGRESS;
}

static int start(struct tcp *t, const struct sockaddr_k *a, unsigned len)
{
    struct inet_socket *s = &t->inet;
    struct ip_addr ip;
    uint16_t port;
    int err = inet_peer(s, a, len, &ip, &port);

    if (err < 0)
        return err;
    if (ip_is_multicast(&ip) || ip_is_broadcast(&ip))
        return -ENETUNREACH;
    if (port == 0)
        return -ECONNREFUSED;
    const struct ip_addr local = s->local;
    s->peer = ip;
    s->peer_port = port;
    err = inet_route(s, &ip);
    if (err == 0 && !s->bound_address)
        s->local = s->route.source;
    if (err == 0)
        err = begin(t);
    if (err < 0 && err != -EINPROGRESS) {
        s->local = local;
        s->peer = (struct ip_addr){0};
        s->peer_port = 0;
    }
    return err;
}

int tcp_connect(struct socket *s, const struct sockaddr_k *a, unsigned len)
{
    struct tcp *t = tcp_of(s);
    int err;

    tcp_enter();
    if (len >= sizeof(a->family) && a->family == AF_UNSPEC)
        err = tcp_disconnect(t);
    else if (t->state == TCP_CLOSED && s->state != SOCKET_CONNECTED)
        err = start(t, a, len);
    else
        err = in_state(t, STATE(TCP_SYN_SENT) | STATE(TCP_SYN_RECEIVED)) ? -EALREADY : -EISCONN;
    tcp_leave();
    return err;
}
