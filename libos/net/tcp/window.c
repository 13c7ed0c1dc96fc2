/* SPDX-License-Identifier: Apache-2.0 */
/* The window that we offer: it never shrinks, never is silly (RFC 9293 3.8.6.2.2), and grows with what the program reads
 * (dynamic right-sizing, Fisk and Feng 2001). */
#include "tcp.h"

/* Bytes that may wait for the program. Half of the buffer: the other half is for packets' overhead, as with Linux's
 * tcp_adv_win_scale of 1. Memory that runs short makes it small. */
uint32_t tcp_window_capacity(const struct tcp *t)
{
    uint32_t space = t->inet.s.rcvbuf / 2;

    if (t->window_clamp)
        space = MIN(space, t->window_clamp);
    if (UNLIKELY(packet_memory > packet_memory_max / 4 * 3))
        space = MIN(space, 4u * t->rcv_mss);
    return space;
}

COLD uint32_t tcp_receive_window_new(struct tcp *t)
{
    uint32_t capacity = tcp_window_capacity(t), waiting = t->rcv_nxt - t->copied;
    uint32_t offered = seq_after(t->rcv_adv, t->rcv_nxt) ? t->rcv_adv - t->rcv_nxt : 0;
    uint32_t space = capacity > waiting ? capacity - waiting : 0;

    /* What packets really take, should they be many small ones. */
    if (UNLIKELY(t->rcv_memory > t->inet.s.rcvbuf))
        space = 0;
    if (space <= offered || space - offered < MIN(capacity / 2, t->rcv_mss))
        space = offered;
    space = MIN(space, 0xffffu << t->rcv_scale);
    space &= ~0u << t->rcv_scale; /* what the header can say */
    if (space < offered)
        space = ALIGN_UP(offered, 1u << t->rcv_scale);
    t->rcv_adv = t->rcv_nxt + space;
    return space;
}

/* ---- auto-tuning ---- */

/* Round-trip time as a receiver sees it: how old is the timestamp that the peer echoes with data. */
void tcp_tune_receive(struct tcp *t, const struct tcp_segment *seg)
{
    if (!seg->has_ts || !seg->tsecr || seg->len < t->rcv_mss)
        return;
    uint32_t rtt = MAX(tcp_stamp(t) - seg->tsecr, 1u) * TICKS_PER_BEAT;
    if (rtt > TICKS(10000))
        return;
    t->rcv_rtt = t->rcv_rtt ? t->rcv_rtt - t->rcv_rtt / 8 + rtt / 8 : rtt;
}

/* Once a round trip: a program that reads all that comes gets room for twice that. */
static void tune(struct tcp *t)
{
    uint32_t rtt = t->rcv_rtt ? t->rcv_rtt : tcp_srtt(t), now = tcp_tick(),
             since = now - t->tune_at;

    if (t->rcvbuf_set || since < rtt || !rtt)
        return;
    uint32_t copied = (uint32_t)((uint64_t)(t->copied - t->tune_seq) * rtt / since);
    if (copied > t->tune_space) {
        /* And somewhat more while the peer is in slow start. */
        uint64_t want = 4ull * copied + 16ull * t->rcv_mss;
        if (t->tune_space)
            want += want * (copied - t->tune_space) / t->tune_space;
        if (want > t->inet.s.rcvbuf && packet_memory < packet_memory_max / 2)
            t->inet.s.rcvbuf = t->rcvbuf_auto = (uint32_t)MIN(want, TCP_RCVBUF_MAX);
        t->tune_space = copied;
    }
    t->tune_seq = t->copied;
    t->tune_at = now;
}

/* Is the window so much larger now that the peer has to know at once? */
static void tell(struct tcp *t)
{
    uint32_t capacity = tcp_window_capacity(t), waiting = t->rcv_nxt - t->copied;
    uint32_t offered = seq_after(t->rcv_adv, t->rcv_nxt) ? t->rcv_adv - t->rcv_nxt : 0;
    uint32_t space = capacity > waiting ? capacity - waiting : 0;

    if (!in_state(t, TCP_RECEIVING))
        return;
    if (space >= 2 * offered && space - offered >= MIN(capacity / 2, 2u * t->rcv_mss))
        tcp_send_ack(t);
}

void tcp_was_read(struct tcp *t)
{
    bool much = t->copied - t->tune_seq >= t->tune_space / 2;
    bool little = t->rcv_adv - t->rcv_nxt < t->inet.s.rcvbuf / 4;

    if (LIKELY(!much && !little))
        return;
    tcp_enter();
    if (much)
        tune(t);
    tell(t);
    tcp_leave();
}
