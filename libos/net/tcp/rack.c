/* SPDX-License-Identifier: Apache-2.0 */
/* RACK (RFC 8985, 6.2): a segment is lost if one sent some time later has arrived. */
#include "tcp.h"

/* a (sent at `at`, ending at `end`) was sent after b. */
static bool later(uint32_t at, uint32_t end, uint32_t at2, uint32_t end2)
{
    return seq_after(at, at2) || (at == at2 && seq_after(end, end2));
}

/* Step 1 and 2: `s` has just arrived. */
void tcp_rack_advance(struct tcp *t, const struct tcp_sent *s, const struct tcp_segment *seg)
{
    struct tcp_loss *l = t->loss;
    uint32_t rtt = tcp_tick() - s->at;

    if (s->flags & SENT_TWICE) {
        /* Was it the original that arrived? */
        uint32_t sent_stamp = tcp_stamp(t) - rtt / TICKS_PER_BEAT;
        if (seg->has_ts && t->ts_on && seq_before(seg->tsecr + 1, sent_stamp))
            return;
        if (t->min_rtt && rtt < t->min_rtt)
            return;
    }
    l->rack_rtt = rtt;
    if (!l->rack_valid || later(s->at, s->end, l->rack_at, l->rack_end)) {
        l->rack_at = s->at;
        l->rack_end = s->end;
        l->rack_valid = true;
    }
}

/* Step 3 and 4: how much reordering is tolerated. D-SACKs widen the window for 16 recoveries. */
void tcp_rack_round(struct tcp *t, const struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;

    if (acked->original_late)
        l->reordering = true;
    if (acked->dsack && !seq_before(t->snd_una, l->reo_round)) {
        l->reo_round = t->snd_nxt;
        l->reo_persist = 16;
        l->reo_mult = (uint8_t)MIN(l->reo_mult + 1, 255);
    }
}

static uint32_t window(const struct tcp *t)
{
    const struct tcp_loss *l = t->loss;

    if (!l->reordering &&
        (t->recovery != TCP_OPEN || l->sacked >= 3u * t->mss)) /* DupThresh (6.2, step 4) */
        return 0;
    uint32_t wide = (t->min_rtt ? t->min_rtt : tcp_srtt(t)) / 4 * l->reo_mult;
    return MIN(wide, tcp_srtt(t));
}

/* Step 5. Segments that are not late enough yet are looked at again by the reordering timer. */
void tcp_rack_detect(struct tcp *t, struct tcp_acked *acked)
{
    struct tcp_loss *l = t->loss;
    uint32_t reo = window(t), wait = 0, now = tcp_tick();

    if (!l->rack_valid)
        return;
    for (unsigned i = 0; i < t->sent_count; i++) {
        struct tcp_sent *s = tcp_sent_at(t, i);
        if (s->flags & SENT_SACKED || (s->flags & (SENT_LOST | SENT_AGAIN)) == SENT_LOST)
            continue;
        if (!later(l->rack_at, l->rack_end, s->at, s->end)) {
            if (!(s->flags & SENT_TWICE) && !seq_before(s->seq, l->fack))
                break; /* nor is any that was sent first after it */
            continue;
        }
        int32_t left = (int32_t)(s->at + l->rack_rtt + reo - now);
        if (left <= 0) {
            tcp_sent_flag(t, s, SENT_LOST, SENT_AGAIN);
            acked->newly_lost += tcp_sent_len(s);
        } else {
            wait = MAX(wait, (uint32_t)left);
        }
    }
    if (wait)
        tcp_timer_send(t, SEND_REORDER, wait / TICKS_PER_BEAT + 1);
    else if (t->due & DUE_SEND && t->send_timer == SEND_REORDER)
        tcp_timer_rto(t);
}
