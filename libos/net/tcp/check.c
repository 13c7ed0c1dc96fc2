/* SPDX-License-Identifier: Apache-2.0 */
/* May a segment be looked at? Sequence numbers, PAWS, resets, SYNs out of place (RFC 9293 3.10.7.4; RFC 7323, 5;
 * RFC 5961). */
#include <u2k/platform.h>

#include "tcp.h"

#define DAYS_24 BEATS(24ull * 86400 * 1000)
#define ANSWER_INTERVAL BEATS(500) /* tcp_invalid_ratelimit */
#define CHALLENGES 1000u /* a second, of all connections */

/* Two ends that each think the other is wrong would answer each other for ever (tcp_invalid_ratelimit of Linux). */
bool tcp_answer_allowed(uint32_t *last, bool has_data)
{
    if (!has_data && *last && tcp_beat() - *last < ANSWER_INTERVAL)
        return false;
    *last = tcp_beat() | 1;
    return true;
}

/* The budget of a second varies, so that nobody can count on it (CVE-2016-5696). */
static bool budget(void)
{
    static uint32_t second, left;
    uint32_t now = (uint32_t)(tcp_clock / NSEC_PER_SEC);

    if (now != second) {
        static const struct tcp_tuple none;
        second = now;
        left = CHALLENGES / 2 + (uint32_t)tcp_secret_hash(SECRET_ISN, &none, now) % CHALLENGES;
    }
    if (left == 0)
        return false;
    left--;
    return true;
}

void tcp_challenge(struct tcp *t)
{
    if (tcp_answer_allowed(&t->refused_at, false) && budget())
        tcp_send_ack(t);
}

/* An old segment of a wrapped sequence space has an old timestamp. */
static bool too_old(const struct tcp *t, const struct tcp_segment *seg)
{
    return t->ts_on && seg->has_ts && seq_before(seg->tsval, t->ts_recent) &&
           tcp_beat() - t->ts_recent_at < DAYS_24;
}

void tcp_ts_update(struct tcp *t, const struct tcp_segment *seg)
{
    if (t->ts_on && seg->has_ts && !seq_after(seg->seq, t->rcv_acked) &&
        (!seq_before(seg->tsval, t->ts_recent) || tcp_beat() - t->ts_recent_at >= DAYS_24)) {
        t->ts_recent = seg->tsval;
        t->ts_recent_at = tcp_beat();
    }
}

static void reset(struct tcp *t, const struct tcp_segment *seg)
{
    if (seg->seq != t->rcv_nxt)
        tcp_challenge(t); /* RFC 5961, 3.2: in the window, but not exact */
    else
        tcp_abort(t, t->state == TCP_CLOSE_WAIT ? EPIPE : ECONNRESET);
}

bool tcp_sequence_ok(struct tcp *t, struct tcp_segment *seg)
{
    bool old = too_old(t, seg);

    /* A reset is believed whatever its timestamp says (RFC 7323, 5.2). */
    if (UNLIKELY(old) && !(seg->flags & TCP_RST)) {
        if (seg->len && t->sack_on && !seq_after(seg->end, t->rcv_nxt))
            tcp_dsack(t, seg->seq, seg->end);
        if (tcp_answer_allowed(&t->refused_at, seg->len > 0))
            tcp_send_ack(t);
        return false;
    }
    if (UNLIKELY(seq_before(seg->end, t->rcv_acked) ||
                 seq_after(seg->seq, seq_max(t->rcv_adv, t->rcv_nxt)))) {
        if (seg->flags & TCP_RST)
            return false;
        if (seg->len && t->sack_on && seq_before(seg->seq, t->rcv_nxt))
            tcp_dsack(t, seg->seq, seq_min(seg->end, t->rcv_nxt));
        if (seg->flags & TCP_SYN)
            tcp_challenge(t);
        else if (tcp_answer_allowed(&t->refused_at, seg->len > 0))
            tcp_send_ack(t);
        return false;
    }
    if (seg->flags & TCP_RST) {
        reset(t, seg);
        return false;
    }
    if (seg->flags & TCP_SYN) {
        tcp_challenge(t);
        return false;
    }
    return true;
}
