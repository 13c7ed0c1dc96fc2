/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CUBIC (RFC 9438): W(t) = C (t - K)^3 + W_max with C = 0.4, beta = 0.7, W in segments, t in seconds. Windows are bytes
 * here and times beats (2^20 ns), so C counts mss * 0.4 / BEATS_PER_SECOND^3.
 */
#include "tcp.h"

#define CUBED_SECOND 867361737988ull /* (10^9 / 2^20)^3: cubic beats of a cubic second */

/* Greatest x with x^3 <= n: bit by bit, 21 steps. */
static uint32_t cube_root(uint64_t n)
{
    uint64_t x = 0;

    for (int bit = 20; bit >= 0; bit--) {
        uint64_t y = x | 1ull << bit;
        if (y * y * y <= n)
            x = y;
    }
    return (uint32_t)x;
}

static uint32_t cubic_ssthresh(struct tcp *t)
{
    struct tcp_cubic *c = &t->loss->cubic;

    /* Fast convergence (4.7): below the last maximum others want room. */
    c->w_max = t->cwnd < c->w_max ? (uint32_t)((uint64_t)t->cwnd * 17 / 20) : t->cwnd;
    c->cwnd_prior = t->cwnd;
    c->running = false;
    return MAX((uint32_t)((uint64_t)t->cwnd * 7 / 10), 2u * t->mss);
}

/* A new epoch (4.2): K is when W reaches W_max. */
static void start(struct tcp *t, struct tcp_cubic *c)
{
    c->epoch = tcp_beat();
    c->cwnd_epoch = c->w_est = t->cwnd;
    if (c->w_max <= t->cwnd) {
        c->w_max = t->cwnd;
        c->k = 0;
    } else {
        uint64_t segments = (c->w_max - t->cwnd) / t->mss;
        c->k = cube_root(MIN(segments, 1u << 20) * 5 / 2 * CUBED_SECOND);
    }
    c->running = true;
}

static uint32_t window_at(const struct tcp *t, const struct tcp_cubic *c, uint32_t beats)
{
    uint64_t d = MIN(beats > c->k ? beats - c->k : c->k - beats, 1u << 20);
    uint64_t off = d * d * d / (CUBED_SECOND / 1000) * t->mss * 4 / 10000;

    if (beats >= c->k)
        return (uint32_t)MIN(c->w_max + off, UINT32_MAX);
    return off < c->w_max ? (uint32_t)(c->w_max - off) : 0;
}

static void cubic_avoid(struct tcp *t, uint32_t acked)
{
    if (!t->loss) { /* slow start ended without a loss: by an idle time */
        tcp_reno.avoid(t, acked);
        return;
    }
    struct tcp_cubic *c = &t->loss->cubic;
    if (!c->running)
        start(t, c);
    uint32_t rtt = tcp_srtt(t) / TICKS_PER_BEAT;
    uint32_t target = window_at(t, c, tcp_beat() - c->epoch + rtt);
    target = MAX(MIN(target, t->cwnd + t->cwnd / 2), t->cwnd); /* 4.2 */

    /* Not slower than Reno would be (4.3): alpha = 3 (1 - beta) / (1 + beta) = 9 / 17 until the old window. */
    uint64_t step = (uint64_t)t->mss * acked / t->cwnd;
    c->w_est += (uint32_t)(c->w_est < c->cwnd_prior ? step * 9 / 17 : step);
    uint32_t grow = (uint32_t)((uint64_t)(target - t->cwnd) * acked / t->cwnd);
    t->cwnd += MIN(grow, acked);
    if (c->w_est > t->cwnd)
        t->cwnd = c->w_est;
}

const struct tcp_congestion tcp_cubic = {"cubic", cubic_ssthresh, cubic_avoid};
