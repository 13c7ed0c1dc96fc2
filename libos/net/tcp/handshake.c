/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to our SYN (RFC 9293, 3.10.7.3), and what both sides agreed on. */
#include "tcp.h"

static void agree(struct tcp *t, const struct tcp_segment *seg)
{
    t->rcv_nxt = t->copied = t->rcv_acked = t->tune_seq = seg->seq + 1;
    t->ts_on = t->ts_on && seg->has_ts;
    t->sack_on = t->sack_on && seg->opt.sack_permitted;
    if (!seg->opt.has_scale)
        t->rcv_scale = 0;
    t->snd_scale = t->rcv_scale ? seg->opt.scale : 0;
    t->peer_mss = seg->opt.mss ? (uint16_t)MAX(seg->opt.mss, TCP_MSS_MIN) : 0;
    if (t->ts_on) {
        t->ts_recent = seg->tsval;
        t->ts_recent_at = tcp_beat();
    }
    t->rcv_adv = t->rcv_nxt;
    t->snd_wl1 = seg->seq;
    t->snd_wnd = t->max_window = seg->window; /* a SYN's is never scaled (RFC 7323, 2.2) */
    tcp_set_mss(t);
}

static void connected(struct tcp *t, struct tcp_segment *seg)
{
    t->snd_una = seg->ack;
    if (t->ts_on && seg->tsecr) {
        tcp_rtt_sample(t, MAX(tcp_stamp(t) - seg->tsecr, 1u) * TICKS_PER_BEAT);
        if (t->total_again == 0) /* finer: by our own clock */
            t->srtt8 = 0;
    }
    if (t->total_again == 0)
        tcp_rtt_sample(t, tcp_tick() - t->tune_at);
    t->state = TCP_ESTABLISHED;
    tcp_established(t);
    tcp_send_ack(t);
}

void tcp_input_syn_sent(struct tcp *t, struct tcp_segment *seg)
{
    struct packet *p = seg->packet;
    bool ack = seg->flags & TCP_ACK;

    if (ack && (seg->ack != t->snd_nxt ||
                (t->ts_on && seg->has_ts && seg->tsecr && seq_after(seg->tsecr, tcp_stamp(t))))) {
        tcp_reset_answer(seg);
    } else if (seg->flags & TCP_RST) {
        if (ack)
            tcp_abort(t, ECONNREFUSED);
    } else if (seg->flags & TCP_SYN) {
        agree(t, seg);
        if (ack) {
            connected(t, seg);
            tcp_output(t);
        } else { /* both at once (RFC 9293, figure 8) */
            t->state = TCP_SYN_RECEIVED;
            t->backoff = 0;
            tcp_send_syn(t, true);
            tcp_timer_send(t, SEND_RTO, t->rto / TICKS_PER_BEAT);
        }
    }
    packet_free(p); /* data with a SYN comes again: no Fast Open */
}
