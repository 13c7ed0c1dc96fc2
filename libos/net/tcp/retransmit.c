/* SPDX-License-Identifier: Apache-2.0 */
/* Sending again: what is lost, what nobody acknowledged in time, probes of a closed window. */
#include "tcp.h"

#define ORPHAN_RETRIES 8u
#define RETRIES_BEFORE_SMALLER 3u /* tcp_retries1 */

bool tcp_retransmit(struct tcp *t, unsigned i)
{
    struct tcp_loss *l = t->loss;
    struct tcp_sent *s = tcp_sent_at(t, i);

    if (tcp_sent_len(s) > tcp_mss(t)) {
        if (!tcp_sent_split(t, i, s->seq + tcp_mss(t)))
            return false;
        s = tcp_sent_at(t, i);
    }
    if (!tcp_send_range(t, s->seq, s->end, TCP_ACK | TCP_PSH))
        return false;
    if (!l->again_valid) {
        l->again_valid = true;
        l->again_ts = tcp_stamp(t);
    }
    tcp_sent_flag(t, s, SENT_AGAIN | SENT_TWICE, 0);
    s->at = tcp_tick();
    l->prr_out += tcp_sent_len(s);
    l->undo_again++;
    t->total_again++;
    return true;
}

/* As much of what is lost as the congestion window takes; in recovery. */
void tcp_retransmit_lost(struct tcp *t)
{
    uint32_t left = t->loss->lost;

    for (unsigned i = 0; i < t->sent_count && left > t->loss->again; i++) {
        struct tcp_sent *s = tcp_sent_at(t, i);
        if ((s->flags & (SENT_LOST | SENT_AGAIN)) != SENT_LOST)
            continue;
        if (tcp_pipe(t) >= t->cwnd)
            return;
        if (!tcp_retransmit(t, i))
            return;
        if (!(t->due & DUE_SEND) || t->send_timer != SEND_REORDER)
            tcp_timer_rto(t);
    }
}

/* Has it been silent for too long? (tcp_retries2 and TCP_USER_TIMEOUT of tcp(7)) */
static bool give_up(struct tcp *t, unsigned tries)
{
    if (t->user_timeout && t->state != TCP_SYN_SENT && tries > 0 &&
        tcp_beat() - t->stalled_at >= t->user_timeout)
        return true;
    if (t->orphan)
        return tries >= ORPHAN_RETRIES;
    if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
        return tries >= (t->syn_count ? t->syn_count : TCP_SYN_RETRIES);
    return tries >= TCP_RETRIES;
}

static uint32_t backed_off(const struct tcp *t)
{
    return (uint32_t)(MIN((uint64_t)t->rto << MIN(t->backoff, 16), TCP_RTO_MAX) / TICKS_PER_BEAT) +
           1;
}

static void handshake_again(struct tcp *t)
{
    t->backoff++;
    tcp_send_syn(t, t->state == TCP_SYN_RECEIVED);
    t->total_again++;
    tcp_timer_send(t, SEND_RTO, backed_off(t));
}

static void timeout(struct tcp *t)
{
    if (t->sent_count == 0 && !in_state(t, STATE(TCP_SYN_SENT) | STATE(TCP_SYN_RECEIVED)))
        return;
    if (t->retries == 0)
        t->stalled_at = tcp_beat() -
                        (t->sent_count ? (tcp_tick() - tcp_sent_at(t, 0)->at) / TICKS_PER_BEAT : 0);
    if (give_up(t, t->retries)) {
        tcp_abort(t, t->inet.s.error ? t->inet.s.error : ETIMEDOUT);
        return;
    }
    t->retries++;
    if (in_state(t, STATE(TCP_SYN_SENT) | STATE(TCP_SYN_RECEIVED))) {
        handshake_again(t);
        return;
    }
    if (t->retries == RETRIES_BEFORE_SMALLER)
        (void)tcp_blackhole(t);
    tcp_recovery_timeout(t);
    if (t->loss) {
        /* Into a window that closed: one segment is enough to ask. */
        (void)tcp_retransmit(t, 0);
    }
    t->backoff = (uint8_t)MIN(t->backoff + 1, 32);
    tcp_timer_send(t, SEND_RTO, backed_off(t));
}

/* The peer's window is closed, or what we have is held back (CORK, too little window). */
static void probe(struct tcp *t)
{
    uint32_t before = t->snd_nxt;

    if (t->snd_una != t->snd_nxt || (!tcp_unsent(t) && !(t->fin_wanted && !t->fin_sent)))
        return;
    if (t->snd_wnd) {
        tcp_output_forced(t);
        if (t->snd_nxt != before)
            return;
    }
    if (t->probes == 0)
        t->stalled_at = tcp_beat();
    if (give_up(t, t->probes)) {
        tcp_abort(t, ETIMEDOUT);
        return;
    }
    t->probes++;
    t->backoff = (uint8_t)MIN(t->backoff + 1, 32);
    tcp_send_probe(t, true);
    tcp_timer_send(t, SEND_PROBE, backed_off(t));
}

void tcp_fire_send(struct tcp *t)
{
    struct tcp_acked acked = {0};

    switch (t->send_timer) {
    case SEND_RTO: timeout(t); break;
    case SEND_TLP: tcp_tlp_fire(t); break;
    case SEND_PROBE: probe(t); break;
    case SEND_REORDER:
        tcp_timer_rto(t);
        tcp_rack_detect(t, &acked);
        if (t->recovery == TCP_OPEN && t->loss->lost) {
            tcp_recovery_enter(t);
            t->cwnd = tcp_pipe(t) + t->mss;
        }
        tcp_output(t);
        break;
    }
}
