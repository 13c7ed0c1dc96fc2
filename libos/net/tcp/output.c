/* SPDX-License-Identifier: Apache-2.0 */
/* What may be sent now: windows, Nagle's algorithm, silly windows (RFC 9293 3.8.6.2.1 and 3.7.4). */
#include "tcp.h"

#define OUTPUT_STATES \
    (TCP_SENDING | STATE(TCP_FIN_WAIT_1) | STATE(TCP_CLOSING) | STATE(TCP_LAST_ACK))

/* Payload of one packet: what the device cuts into segments, or one segment. */
static uint32_t burst(const struct tcp *t, uint32_t mss)
{
    const struct inet_socket *s = &t->inet;
    bool v4 = ip_is_v4(&s->peer);
    const struct netdev *dev = s->route.dev;
    uint32_t headers = (v4 ? 20u : 40u) + TCP_HEADER_MAX;

    if (!dev || !(dev->features & (v4 ? NETDEV_TSO4 : NETDEV_TSO6)))
        return mss;
    uint32_t most = MIN(dev->gso_max, 65535u);
    return most < headers + 2 * mss ? mss : (most - headers) / mss * mss;
}

/* May a segment of less than mss go, which is all that there is? (RFC 896; Minshall: only if no other small one is
 * under way; RFC 9293 MUST-17: can be switched off.) */
static bool small_may_go(const struct tcp *t)
{
    if (t->fin_wanted)
        return true;
    if (t->cork || t->more)
        return false;
    return t->nodelay || t->snd_nxt == t->snd_una || !seq_after(t->small_end, t->snd_una);
}

/* How many bytes of `unsent` go in the next packet; 0: none now. */
static uint32_t choose(struct tcp *t, uint32_t unsent, uint32_t window, uint32_t cwnd, bool forced)
{
    uint32_t mss = tcp_mss(t), n = MIN(unsent, window);

    if (n > cwnd) {
        t->cwnd_limited = true;
        n = cwnd;
        if (n < mss) {
            if (t->snd_nxt != t->snd_una || cwnd == 0)
                return 0;
        }
    }
    if (n > mss)
        n = MIN(n, burst(t, mss));
    if (n >= mss) {
        uint32_t whole = n - n % mss;
        if (n < unsent || (n != whole && !small_may_go(t) && !forced))
            n = whole;
        return n;
    }
    /* The window's rest, as Linux does: the receiver avoids silly ones (RFC 9293 3.8.6.2.2). */
    if (n < unsent)
        return n;
    return forced || small_may_go(t) ? n : 0;
}

static bool emit(struct tcp *t, uint32_t n, bool fin, bool last)
{
    uint32_t seq = t->snd_nxt, end = seq + n + fin, mss = tcp_mss(t);

    if (!tcp_sent_push(t, seq, end))
        return false;
    if (!tcp_send_range(t, seq, end, TCP_ACK | (last && n ? TCP_PSH : 0u))) {
        t->sent_count--;
        return false;
    }
    t->snd_nxt = end;
    if (fin)
        t->fin_sent = true;
    if (n % mss)
        t->small_end = end;
    if (t->recovery == TCP_RECOVERY)
        t->loss->prr_out += n;
    struct tcp_chunk *c = t->send_next;
    while (c && !seq_after(c->seq + c->len, t->snd_nxt))
        c = c->next;
    t->send_next = c;
    return true;
}

static void was_sent(struct tcp *t)
{
    t->sent_at = tcp_beat();
    if (t->sent_at - t->heard_at < TCP_DELAYED_ACK)
        t->pingpong = true;
    if (!(t->due & DUE_SEND) || t->send_timer == SEND_PROBE || t->send_timer == SEND_TLP)
        tcp_timer_rto(t);
}

static COLD void output(struct tcp *t, bool forced)
{
    bool sent = false, blocked = false;

    if (!in_state(t, OUTPUT_STATES))
        return;
    if (t->trouble && t->recovery != TCP_OPEN)
        tcp_retransmit_lost(t);
    for (;;) {
        uint32_t unsent = tcp_unsent(t);
        bool fin = t->fin_wanted && !t->fin_sent;
        if (unsent == 0 && !fin)
            break;
        uint32_t pipe = tcp_pipe(t), edge = t->snd_una + t->snd_wnd;
        uint32_t window = seq_after(edge, t->snd_nxt) ? edge - t->snd_nxt : 0;
        uint32_t cwnd = t->cwnd > pipe ? t->cwnd - pipe : 0;
        if (t->snd_nxt == t->snd_una && !sent)
            tcp_cwnd_idle(t);
        uint32_t n = choose(t, unsent, window, cwnd, forced);
        if (unsent && n == 0)
            break;
        bool with_fin = fin && n == unsent && window > n;
        if (!unsent && !with_fin)
            break;
        if (!emit(t, n, with_fin, n == unsent)) {
            blocked = true;
            break;
        }
        sent = true;
    }
    if (sent) {
        was_sent(t);
    } else if ((tcp_unsent(t) || (t->fin_wanted && !t->fin_sent)) && t->snd_nxt == t->snd_una &&
               !(t->due & DUE_SEND)) {
        /* Nothing is on the way that could be answered: a closed window, or CORK, or no memory. */
        tcp_timer_send(t, SEND_PROBE,
                       blocked || t->snd_wnd ? BEATS(200)
                                             : MAX(t->rto / TICKS_PER_BEAT, BEATS(200)));
    }
}

/* An answer that fits into one segment, and nothing is on the way. */
static ALWAYS_INLINE bool one_segment(const struct tcp *t)
{
    uint32_t unsent = t->written - t->snd_nxt;

    return t->state == TCP_ESTABLISHED && t->snd_nxt == t->snd_una && unsent && unsent <= t->mss &&
           !t->ooo && !t->trouble && !t->cork && !t->more && unsent <= t->snd_wnd &&
           unsent <= t->cwnd;
}

void tcp_output(struct tcp *t)
{
    if (UNLIKELY(!one_segment(t))) {
        output(t, false);
        return;
    }
    tcp_cwnd_idle(t);
    if (LIKELY(emit(t, t->written - t->snd_nxt, false, true)))
        was_sent(t);
    else
        tcp_timer_send(t, SEND_PROBE, BEATS(200));
}

void tcp_output_forced(struct tcp *t)
{
    output(t, true);
}
