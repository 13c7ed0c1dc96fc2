/* SPDX-License-Identifier: Apache-2.0 */
/* Keep-alive (RFC 9293, 3.8.4; tcp(7)), and the end of a FIN-WAIT-2 that has a descriptor no more. */
#include "tcp.h"

static uint32_t seconds(uint32_t s)
{
    return BEATS((uint64_t)s * 1000);
}

#define KEEP_STATES \
    (TCP_SENDING | STATE(TCP_FIN_WAIT_1) | STATE(TCP_FIN_WAIT_2) | STATE(TCP_CLOSING) | \
     STATE(TCP_LAST_ACK))

void tcp_keep_start(struct tcp *t)
{
    if (t->inet.s.keepalive && in_state(t, KEEP_STATES))
        tcp_timer_keep(t, seconds(t->keep_idle));
    else
        t->due &= (uint8_t)~DUE_KEEP;
}

void tcp_fire_keep(struct tcp *t)
{
    uint32_t idle = tcp_beat() - t->heard_at, first = seconds(t->keep_idle);

    if (!t->inet.s.keepalive || !in_state(t, KEEP_STATES))
        return;
    if (t->sent_count || tcp_unsent(t)) { /* retransmissions ask already */
        tcp_timer_keep(t, first);
        return;
    }
    if (idle < first) {
        t->probes = 0;
        tcp_timer_keep(t, first - idle);
        return;
    }
    bool over =
        t->user_timeout ? idle >= t->user_timeout && t->probes > 0 : t->probes >= t->keep_count;
    if (over) {
        tcp_send_reset(t);
        tcp_abort(t, ETIMEDOUT);
        return;
    }
    t->probes++;
    tcp_send_probe(t, true);
    tcp_timer_keep(t, seconds(t->keep_interval));
}
