/* SPDX-License-Identifier: Apache-2.0 */
/* Tail loss probes (RFC 8985, 7): when acknowledgements stop, the last segment asks for one before the time-out does. */
#include "tcp.h"

/* True: the timer has been set for a probe. */
bool tcp_tlp_arm(struct tcp *t)
{
    if (t->trouble || !t->sack_on || !t->srtt8 || t->state == TCP_SYN_RECEIVED)
        return false;
    uint32_t wait = MAX(2 * tcp_srtt(t), TICKS(10));
    if (t->sent_count == 1) /* a delayed acknowledgement may be what we wait for */
        wait += TICKS(TCP_DELAYED_ACK_MAX);
    if (wait >= t->rto)
        return false;
    tcp_timer_send(t, SEND_TLP, wait / TICKS_PER_BEAT + 1);
    return true;
}

void tcp_tlp_fire(struct tcp *t)
{
    struct tcp_loss *l = tcp_loss_need(t);

    if (!l || t->sent_count == 0) {
        tcp_timer_rto(t);
        return;
    }
    uint32_t before = t->snd_nxt, edge = t->snd_una + t->snd_wnd;
    if (tcp_unsent(t) && seq_after(edge, t->snd_nxt)) {
        uint32_t cwnd = t->cwnd;
        t->cwnd = MAX(cwnd, tcp_pipe(t) + t->mss);
        tcp_output(t);
        t->cwnd = cwnd;
    }
    l->tlp_again = t->snd_nxt == before;
    if (l->tlp_again) {
        unsigned last = t->sent_count - 1u;
        struct tcp_sent *s = tcp_sent_at(t, last);
        if (tcp_sent_len(s) > tcp_mss(t) && tcp_sent_split(t, last, s->end - tcp_mss(t)))
            last++;
        l->again_valid = false;
        if (!tcp_retransmit(t, last))
            l->tlp_again = false;
    }
    l->tlp_out = true;
    l->tlp_end = t->snd_nxt;
    t->trouble = true;
    tcp_timer_send(t, SEND_RTO, t->rto / TICKS_PER_BEAT + 1);
}

/* Did the probe repair a loss? Then the window shrinks as for any other (7.4). */
void tcp_tlp_ack(struct tcp *t, const struct tcp_segment *seg, const struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;

    if (!l->tlp_out || seq_before(seg->ack, l->tlp_end))
        return;
    if (l->tlp_again && !acked->dsack) {
        if (acked->duplicate && !acked->sacked) { /* both copies arrived, the peer has no D-SACK */
            l->tlp_out = false;
        } else if (seq_after(seg->ack, l->tlp_end) || acked->cumulative) {
            l->tlp_out = false;
            if (t->recovery == TCP_OPEN && acked->cumulative && seg->has_ts && t->ts_on &&
                seq_before(seg->tsecr, l->again_ts))
                return; /* the original was acknowledged, only late */
            if (t->recovery == TCP_OPEN) {
                t->ssthresh = tcp_congestions[t->congestion]->ssthresh(t);
                t->cwnd = MIN(t->cwnd, t->ssthresh);
            }
        }
    } else {
        l->tlp_out = false;
    }
}
