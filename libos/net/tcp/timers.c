/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's timer. What is due and when are plain fields; the one timer in the queue is set only when something is
 * due before it would fire anyway. So the usual request, answer and acknowledgement do not touch the queue: the
 * timer fires some time later, finds nothing due, and is set for what is.
 */
#include "tcp.h"

static void fired(struct timer *timer);

static void want(struct tcp *t, uint32_t beats)
{
    uint64_t at = tcp_clock + ((uint64_t)beats << 20);

    if (t->timer.sequence && t->timer.deadline <= at)
        return;
    timer_set(&t->timer, at, fired);
}

void tcp_timer_send(struct tcp *t, enum tcp_send_timer which, uint32_t beats)
{
    t->due |= DUE_SEND;
    t->send_timer = (uint8_t)which;
    t->send_at = tcp_beat() + beats;
    want(t, beats);
}

void tcp_timer_send_stop(struct tcp *t)
{
    t->due &= (uint8_t)~DUE_SEND;
}

void tcp_timer_rto(struct tcp *t)
{
    if (t->snd_nxt == t->snd_una) {
        t->due &= (uint8_t)~DUE_SEND;
        return;
    }
    if (!tcp_tlp_arm(t))
        tcp_timer_send(t, SEND_RTO,
                       MIN(t->rto << MIN(t->backoff, 10), TCP_RTO_MAX) / TICKS_PER_BEAT + 1);
}

void tcp_timer_ack(struct tcp *t, uint32_t beats)
{
    if (t->due & DUE_ACK)
        return;
    t->due |= DUE_ACK;
    t->ack_at = tcp_beat() + beats;
    want(t, beats);
}

void tcp_timer_keep(struct tcp *t, uint32_t beats)
{
    t->due |= DUE_KEEP;
    t->keep_at = tcp_beat() + beats;
    want(t, beats);
}

/* For the earliest of what is due. */
void tcp_timer_rearm(struct tcp *t)
{
    uint32_t now = tcp_beat();
    int32_t least = INT32_MAX;

    if (t->due & DUE_SEND)
        least = MIN(least, (int32_t)(t->send_at - now));
    if (t->due & DUE_ACK)
        least = MIN(least, (int32_t)(t->ack_at - now));
    if (t->due & DUE_KEEP)
        least = MIN(least, (int32_t)(t->keep_at - now));
    if (t->due)
        want(t, (uint32_t)MAX(least, 0) + 1);
}

static bool passed(struct tcp *t, uint8_t what, uint32_t at)
{
    if (!(t->due & what) || seq_after(at, tcp_beat()))
        return false;
    t->due &= (uint8_t)~what;
    return true;
}

static void fired(struct timer *timer)
{
    struct tcp *t = CONTAINER_OF(timer, struct tcp, timer);

    tcp_enter();
    if (passed(t, DUE_ACK, t->ack_at)) {
        t->pingpong = false; /* nobody answers: the next segments are acknowledged sooner */
        tcp_send_ack(t);
    }
    if (passed(t, DUE_SEND, t->send_at))
        tcp_fire_send(t);
    if (passed(t, DUE_KEEP, t->keep_at))
        tcp_fire_keep(t);
    tcp_timer_rearm(t);
    tcp_leave();
}
