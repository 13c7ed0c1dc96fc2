/* SPDX-License-Identifier: Apache-2.0 */
/* Congestion control that all algorithms share: slow start (RFC 5681), idle restart; and Reno itself. */
#include "tcp.h"

/* RFC 6928: ten segments, at most 14600 bytes or two segments. */
uint32_t tcp_initial_cwnd(const struct tcp *t)
{
    return MIN(TCP_INITIAL_WINDOW * t->mss, MAX(2u * t->mss, 14600u));
}

void tcp_cwnd_grow(struct tcp *t, uint32_t acked)
{
    uint32_t limit = TCP_SNDBUF_MAX;

    if (t->cwnd < t->ssthresh) {
        uint32_t add = MIN(acked, t->ssthresh - t->cwnd);
        t->cwnd += add;
        acked -= add;
    }
    if (acked)
        tcp_congestions[t->congestion]->avoid(t, acked);
    t->cwnd = MIN(t->cwnd, limit);
}

/* The path was not used for a while: what was known of it counts half for each time-out (RFC 2861, RFC 7661). */
void tcp_cwnd_idle(struct tcp *t)
{
    uint32_t idle = tcp_beat() - t->sent_at, rto = MAX(t->rto / TICKS_PER_BEAT, 1u);
    uint32_t restart = MIN(tcp_initial_cwnd(t), t->cwnd);

    if (LIKELY(idle <= rto) || !t->sent_at)
        return;
    t->ssthresh = MAX(t->ssthresh, t->cwnd / 4 * 3);
    for (; idle > rto && t->cwnd > restart; idle -= rto)
        t->cwnd /= 2;
    t->cwnd = MAX(t->cwnd, restart);
    if (t->loss)
        t->loss->cubic.running = false;
    t->cwnd_limited = false;
}

static uint32_t reno_ssthresh(struct tcp *t)
{
    return MAX(t->cwnd / 2, 2u * t->mss);
}

static void reno_avoid(struct tcp *t, uint32_t acked)
{
    t->cwnd += (uint32_t)MAX((uint64_t)t->mss * acked / t->cwnd, 1);
}

const struct tcp_congestion tcp_reno = {"reno", reno_ssthresh, reno_avoid};
const struct tcp_congestion *const tcp_congestions[TCP_CONGESTIONS] = {&tcp_cubic, &tcp_reno};
