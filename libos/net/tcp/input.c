/* SPDX-License-Identifier: Apache-2.0 */
/* A segment for a connection (RFC 9293, 3.10.7.4): first the common case by itself (Van Jacobson's header prediction),
 * then all others. */
#include "tcp.h"

/* The next data or an acknowledgement of a connection that has no trouble. */
static bool predicted(struct tcp *t, const struct tcp_segment *seg)
{
    return t->state == TCP_ESTABLISHED && (seg->flags & ~TCP_PSH) == TCP_ACK &&
           seg->seq == t->rcv_nxt && !seq_after(seg->ack, t->snd_nxt) &&
           !seq_before(seg->ack, t->snd_una) && seg->has_ts == t->ts_on &&
           !(t->ts_on && seq_before(seg->tsval, t->ts_recent)) &&
           seg->len <= t->rcv_adv - t->rcv_nxt && !t->trouble && !seg->opt.blocks && !t->ooo &&
           t->urgent == URGENT_NONE;
}

/* The one segment that was on the way has arrived, and nothing waits for that. */
static ALWAYS_INLINE bool simple_ack(const struct tcp *t, const struct tcp_segment *seg)
{
    return seg->ack == t->snd_nxt && t->sent_count == 1 && t->written == t->snd_nxt &&
           !t->cwnd_limited && !t->no_space && !t->urgent_sent && !tcp_sent_at(t, 0)->flags &&
           !t->send_head->next;
}

static void take_simple_ack(struct tcp *t, const struct tcp_segment *seg)
{
    uint32_t rtt = tcp_tick() - tcp_sent_at(t, 0)->at, window = seg->window << t->snd_scale;

    tcp_rtt_sample(t, rtt);
    if (rtt < t->min_rtt || !t->min_rtt)
        t->min_rtt = MAX(rtt, 1u);
    t->sent_count = t->sent_head = 0;
    t->snd_una = seg->ack;
    t->snd_wl1 = seg->seq;
    t->snd_wnd = window;
    t->max_window = MAX(t->max_window, window);
    t->retries = t->backoff = t->probes = 0;
    t->due &= (uint8_t)~DUE_SEND;
    tcp_chunk_free(t->send_head);
    t->send_head = t->send_tail = t->send_next = NULL;
}

static void predicted_input(struct tcp *t, struct tcp_segment *seg)
{
    bool progress = seg->ack != t->snd_una || seg->len == 0;

    if (t->ts_on && seg->seq == t->rcv_acked) {
        t->ts_recent = seg->tsval;
        t->ts_recent_at = t->heard_at;
    }
    if (LIKELY(simple_ack(t, seg)))
        take_simple_ack(t, seg);
    else if (progress || seg->window << t->snd_scale != t->snd_wnd)
        (void)tcp_ack(t, seg);
    if (seg->len) {
        tcp_tune_receive(t, seg);
        tcp_queue_in_order(t, seg->packet, seg->seq, 0, seg->len);
        tcp_ack_received(t, seg->len);
        if (t->inet.s.rcvlowat <= 1 || t->rcv_nxt - t->copied >= t->inet.s.rcvlowat)
            socket_wake(&t->inet.s, POLLIN | POLLRDNORM);
    } else {
        packet_free(seg->packet);
    }
    if (progress && (t->written != t->snd_nxt || t->trouble))
        tcp_output(t);
}

/* ACK of a connection that was opened from both sides at once, or by a listener. */
static bool complete(struct tcp *t, const struct tcp_segment *seg)
{
    if (!seq_after(seg->ack, t->snd_una) || seq_after(seg->ack, t->snd_nxt)) {
        tcp_reset_answer(seg);
        return false;
    }
    t->snd_una = seg->ack;
    t->snd_wl1 = seg->seq;
    t->snd_wnd = t->max_window = seg->window << t->snd_scale;
    t->state = t->fin_wanted ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
    tcp_established(t);
    return true;
}

/* Data for a socket that nobody can read any more: the peer has to know (RFC 9293, 3.6.1; RFC 2525, 2.17). */
static bool nobody_reads(struct tcp *t, const struct tcp_segment *seg)
{
    if (!in_state(t, STATE(TCP_FIN_WAIT_1) | STATE(TCP_FIN_WAIT_2)) || !(t->inet.s.shut & 1))
        return false;
    if (!seg->len || !seq_after(seg->seq + seg->len, t->rcv_nxt))
        return false;
    tcp_send_reset(t);
    tcp_abort(t, ECONNRESET);
    return true;
}

static bool check(struct tcp *t, struct tcp_segment *seg)
{
    if (!tcp_sequence_ok(t, seg) || !(seg->flags & TCP_ACK))
        return false;
    if (t->state == TCP_SYN_RECEIVED && !complete(t, seg))
        return false;
    return tcp_ack(t, seg);
}

void tcp_input(struct tcp *t, struct tcp_segment *seg)
{
    uint32_t beat = tcp_beat();

    if (t->heard_at != beat) {
        t->heard_at = beat;
        ip_confirm(&t->inet.route);
    }
    if (LIKELY(predicted(t, seg))) {
        predicted_input(t, seg);
        return;
    }
    if (t->state == TCP_SYN_SENT) {
        tcp_input_syn_sent(t, seg);
        return;
    }
    if (!check(t, seg) || t->state == TCP_CLOSED || t->dead || nobody_reads(t, seg)) {
        packet_free(seg->packet);
        return;
    }
    tcp_ts_update(t, seg);
    if (UNLIKELY(seg->flags & TCP_URG || t->urgent == URGENT_ANNOUNCED))
        tcp_receive_urgent(t, seg);
    if ((seg->len || seg->flags & TCP_FIN) && in_state(t, TCP_RECEIVING)) {
        tcp_accept_data(t, seg);
    } else {
        /* Beyond the peer's FIN nothing can come; what repeats is acknowledged again. */
        if (seg->len || seg->flags & TCP_FIN)
            tcp_ack_soon(t);
        packet_free(seg->packet);
    }
    if (UNLIKELY(t->state == TCP_FIN_WAIT_2 && t->orphan))
        tcp_orphan_waits(t);
    if (!t->dead)
        tcp_output(t);
}
