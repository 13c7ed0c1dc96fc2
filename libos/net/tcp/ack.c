/* SPDX-License-Identifier: Apache-2.0 */
/* What a segment's acknowledgement does (RFC 9293 3.10.7.4, fifth; RFC 5961, 5). */
#include "tcp.h"

/* SND.WL1 and WL2 keep an old segment from setting an old window. Returns whether it changed. */
static bool update_window(struct tcp *t, const struct tcp_segment *seg)
{
    uint32_t window = seg->window << t->snd_scale;

    if (!seq_after(seg->ack, t->snd_una) && !seq_after(seg->seq, t->snd_wl1) &&
        !(seg->seq == t->snd_wl1 && (window > t->snd_wnd || window == 0)))
        return false;
    t->snd_wl1 = seg->seq;
    if (window == t->snd_wnd)
        return false;
    t->snd_wnd = window;
    t->max_window = MAX(t->max_window, window);
    return true;
}

void tcp_update_window(struct tcp *t, const struct tcp_segment *seg)
{
    (void)update_window(t, seg);
}

static void take_rtt(struct tcp *t, const struct tcp_segment *seg, const struct tcp_acked *acked)
{
    if (acked->rtt && !acked->again_acked) {
        uint32_t young = acked->rtt_young - 1;
        tcp_rtt_sample(t, acked->rtt - 1);
        if (!t->min_rtt || young < t->min_rtt)
            t->min_rtt = MAX(young, 1u);
    } else if (seg->has_ts && seg->tsecr && acked->again_acked) {
        uint32_t beats = tcp_stamp(t) - seg->tsecr; /* RFC 7323, 4.1 */
        if (beats < BEATS(60000))
            tcp_rtt_sample(t, beats * TICKS_PER_BEAT);
    }
}

static void advance(struct tcp *t, struct tcp_segment *seg, struct tcp_acked *acked)
{
    acked->cumulative = seg->ack - t->snd_una;
    tcp_sent_acked(t, seg->ack, acked);
    t->snd_una = seg->ack;
    t->retries = t->backoff = 0;
    take_rtt(t, seg, acked);
    tcp_send_queue_acked(t);
    if (t->urgent_sent && !seq_after(t->urgent_up, t->snd_una))
        t->urgent_sent = false;
}

bool tcp_ack(struct tcp *t, struct tcp_segment *seg)
{
    struct tcp_acked acked = {.seg = seg, .una = t->snd_una};
    bool window_changed;

    if (seq_after(seg->ack, t->snd_nxt)) {
        tcp_challenge(t);
        return false;
    }
    if (seq_before(seg->ack, t->snd_una)) {
        if (seq_before(seg->ack, t->snd_una - t->max_window)) {
            tcp_challenge(t);
            return false;
        }
        if (seg->opt.blocks && t->sent_count)
            tcp_recovery_ack(t, seg, &acked);
        return true;
    }
    t->probes = 0;
    window_changed = update_window(t, seg);
    acked.duplicate = seg->ack == t->snd_una && seg->len == 0 && !window_changed && t->sent_count &&
                      !(seg->flags & (TCP_SYN | TCP_FIN));
    if (seg->ack != t->snd_una)
        advance(t, seg, &acked);
    if (UNLIKELY(t->trouble || seg->opt.blocks || acked.duplicate))
        tcp_recovery_ack(t, seg, &acked);
    else if (acked.cumulative && t->cwnd_limited)
        tcp_cwnd_grow(t, acked.cumulative);
    if (t->snd_nxt == t->snd_una)
        t->cwnd_limited = false;
    if (acked.cumulative) {
        if (t->send_timer != SEND_REORDER || !(t->due & DUE_SEND) || t->snd_nxt == t->snd_una)
            tcp_timer_rto(t);
        if (t->fin_sent && t->snd_una == t->snd_nxt)
            tcp_fin_acked(t);
        tcp_wake_writer(t);
    } else if ((t->due & DUE_SEND) && t->send_timer == SEND_PROBE) {
        /* The answer to a probe: the window is open, or the next probe waits longer. */
        if (t->snd_wnd)
            tcp_timer_send_stop(t);
        t->backoff = t->snd_wnd ? 0 : t->backoff;
    }
    return true;
}
