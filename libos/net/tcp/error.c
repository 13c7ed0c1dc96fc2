/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP errors about what we sent (RFC 9293 3.9.2.2, RFC 5927: only those that quote what is really in flight). */
#include <u2k/cursor.h>

#include "tcp.h"

bool tcp_error(const struct ip_error *e)
{
    struct cursor c = cursor_over(e->transport, e->len);
    struct tcp_tuple tuple = {.local = e->src, .peer = e->dst};

    tuple.local_port = cursor_be16(&c);
    tuple.peer_port = cursor_be16(&c);
    uint32_t seq = cursor_be32(&c);
    /* Of our own device while we send: the segment is lost, its retransmission tells. */
    if (c.bad || tcp_inside())
        return false;
    struct tcp_link *l = tcp_find(&tuple);
    if (!l || l->kind != TCP_CONNECTION)
        return false;
    struct tcp *t = tcp_of_link(l);
    if (seq_before(seq, t->state == TCP_SYN_SENT ? t->snd_una : t->snd_una - 1) ||
        seq_after(seq, t->snd_nxt))
        return false;
    tcp_enter();
    if (e->error == -EMSGSIZE) {
        if (t->inet.mtu_discover) {
            tcp_mtu_lowered(t, e->mtu);
            /* What was too long is lost for certain: no need to wait. */
            if (t->sent_count && in_state(t, TCP_SENDING | STATE(TCP_FIN_WAIT_1))) {
                uint32_t cwnd = t->cwnd,
                         ssthresh = t->ssthresh; /* not by congestion (RFC 1191, 6.3) */
                tcp_recovery_timeout(t);
                t->cwnd = cwnd;
                t->ssthresh = ssthresh;
                tcp_output(t);
            }
        }
    } else if (in_state(t, STATE(TCP_SYN_SENT) | STATE(TCP_SYN_RECEIVED))) {
        tcp_abort(t, -e->error); /* as Linux does, hard or not */
    } else if (t->inet.recverr) {
        t->inet.s.error = -e->error;
        socket_wake(&t->inet.s, POLLERR);
    }
    tcp_leave();
    return true;
}
