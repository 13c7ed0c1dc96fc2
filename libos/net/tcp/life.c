/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's beginning and end. */
#include "tcp.h"

unsigned tcp_orphans;

struct tcp *tcp_new(int family)
{
    struct tcp *t = NEW(struct tcp);

    if (!t)
        return NULL;
    inet_init(&t->inet, &tcp_ops, family, SOCK_STREAM, IPPROTO_TCP);
    t->link.kind = TCP_CONNECTION;
    t->state = TCP_CLOSED;
    t->inet.s.rcvbuf = t->rcvbuf_auto = TCP_RCVBUF;
    t->inet.s.sndbuf = TCP_SNDBUF_FIRST;
    t->inet.s.rcvlowat = 1;
    t->rto = TCP_RTO_INITIAL;
    t->ssthresh = UINT32_MAX;
    t->notsent_lowat = UINT32_MAX;
    t->mss = t->rcv_mss = TCP_MSS_DEFAULT;
    t->ts_on = t->sack_on = true;
    t->rcv_scale = TCP_SCALE;
    t->quick = TCP_QUICK_ACKS;
    t->keep_idle = 7200;
    t->keep_interval = 75;
    t->keep_count = 9;
    list_init(&t->rcv_queue);
    list_init(&t->accept_link);
    return t;
}

int tcp_create(int family, struct socket **out)
{
    struct tcp *t = tcp_new(family);

    if (!t)
        return -ENOMEM;
    *out = &t->inet.s;
    return 0;
}

/* The handshake is over: sequence numbers and options are known. */
void tcp_established(struct tcp *t)
{
    t->due &= (uint8_t)~DUE_SEND;
    t->backoff = t->retries = 0;
    t->cwnd = t->total_again ? t->mss : tcp_initial_cwnd(t); /* RFC 6298, 5.7 and RFC 5681, 3.1 */
    if (t->total_again && !t->srtt8)
        t->rto = TCP_RTO_AFTER_SYN_LOSS;
    t->tune_at = tcp_tick();
    t->tune_seq = t->copied;
    t->tune_space = t->inet.s.rcvbuf / 4;
    if (!t->sndbuf_set)
        t->inet.s.sndbuf = TCP_SNDBUF;
    t->inet.s.state = SOCKET_CONNECTED;
    tcp_keep_start(t);
    if (t->parent)
        tcp_ready(t, t->parent);
    else
        socket_wake(&t->inet.s, POLLOUT | POLLWRNORM);
}

/* Nothing is sent or received any more. The socket stays as long as a descriptor, or a listener, has it. */
void tcp_done(struct tcp *t)
{
    struct tcp *parent = t->parent;

    if (t->dead)
        return;
    t->state = TCP_CLOSED;
    t->inet.s.state = SOCKET_CLOSED;
    t->due = 0;
    timer_cancel(&t->timer);
    tcp_table_remove(&t->link);
    tcp_send_queue_purge(t);
    tcp_sent_free(t);
    t->snd_una = t->snd_nxt = t->written;
    t->inet.s.shut = 3;
    if (t->orphan) {
        t->orphan = false;
        tcp_orphans--;
        tcp_bury(t);
    } else if (parent && !t->accepted && list_empty(&t->accept_link)) {
        tcp_bury(t); /* never got as far as the queue */
    } else {
        socket_wake(&t->inet.s,
                    POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP | POLLRDNORM | POLLWRNORM);
    }
}

void tcp_abort(struct tcp *t, int error)
{
    t->inet.s.error = error;
    tcp_done(t);
}

/* Memory goes back. */
void tcp_free(struct tcp *t)
{
    timer_cancel(&t->timer);
    tcp_table_remove(&t->link);
    tcp_send_queue_purge(t);
    tcp_sent_free(t);
    tcp_receive_purge(t);
    inet_close(&tcp_ports, &t->inet);
    if (t->loss)
        DELETE(t->loss);
    DELETE(t);
}

/* Our FIN has been acknowledged. */
void tcp_fin_acked(struct tcp *t)
{
    switch (t->state) {
    case TCP_FIN_WAIT_1:
        t->state = TCP_FIN_WAIT_2;
        socket_wake(&t->inet.s, POLLOUT | POLLWRNORM);
        break;
    case TCP_CLOSING: tcp_timewait(t, false); break;
    case TCP_LAST_ACK: tcp_done(t); break;
    }
}

/* FIN-WAIT-2 and nobody has a descriptor: a record is enough. */
void tcp_orphan_waits(struct tcp *t)
{
    if (t->linger2 < 0)
        tcp_done(t);
    else
        tcp_timewait(t, true);
}

const struct socket_ops tcp_ops = {
    .bind = tcp_bind,
    .connect = tcp_connect,
    .listen = tcp_listen,
    .accept = tcp_accept,
    .name = inet_name,
    .send = tcp_send,
    .receive = tcp_receive_message,
    .shutdown = tcp_shutdown,
    .poll = tcp_poll,
    .setsockopt = tcp_setsockopt,
    .getsockopt = tcp_getsockopt,
    .ioctl = tcp_ioctl,
    .changed = tcp_changed,
    .close = tcp_close,
    .send_pages = tcp_send_pages,
};
