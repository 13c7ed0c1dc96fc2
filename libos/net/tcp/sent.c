/* SPDX-License-Identifier: Apache-2.0 */
/* The records of what is in flight: in order, in one array that slides and grows. */
#include "tcp.h"

#define SENT_MAX 16384u /* records; more in flight than that waits */
#define SENT_KEPT 16u   /* an array that large may stay with an idle connection */

uint32_t tcp_pipe(const struct tcp *t)
{
    uint32_t flight = t->snd_nxt - t->snd_una;

    if (LIKELY(!t->trouble))
        return flight;
    const struct tcp_loss *l = t->loss;
    uint32_t gone = l->sacked + l->lost;
    if (!t->sack_on) /* each duplicate says that one segment has left (RFC 5681, 3.2) */
        gone += MIN(l->dupacks * t->mss, flight > gone ? flight - gone : 0);
    return flight + l->again > gone ? flight + l->again - gone : 0;
}

/* Room for one record more at the end. */
static bool make_room(struct tcp *t)
{
    if (t->sent_head) {
        memmove(t->sent, t->sent + t->sent_head, t->sent_count * sizeof(*t->sent));
        t->sent_head = 0;
        return true;
    }
    unsigned size = t->sent_size ? t->sent_size * 2u : ARRAY_SIZE(t->sent_own);
    if (size > SENT_MAX)
        return false;
    struct tcp_sent *moved =
        size == ARRAY_SIZE(t->sent_own) ? t->sent_own : heap_alloc(size * sizeof(*moved));
    if (!moved)
        return false;
    memcpy(moved, t->sent, t->sent_count * sizeof(*moved));
    if (t->sent && t->sent != t->sent_own)
        heap_free(t->sent, t->sent_size * sizeof(*t->sent));
    t->sent = moved;
    t->sent_size = (uint16_t)size;
    return true;
}

bool tcp_sent_push(struct tcp *t, uint32_t seq, uint32_t end)
{
    if (t->sent_count == 0) {
        t->sent_head = 0;
        if (t->sent_size > SENT_KEPT)
            tcp_sent_free(t);
    }
    if (UNLIKELY(t->sent_head + t->sent_count >= t->sent_size) && !make_room(t))
        return false;
    *tcp_sent_at(t, t->sent_count++) = (struct tcp_sent){.seq = seq, .end = end, .at = tcp_tick()};
    return true;
}

/* Record i ends at `at`, a new one behind it has the rest. */
bool tcp_sent_split(struct tcp *t, unsigned i, uint32_t at)
{
    if (t->sent_head + t->sent_count >= t->sent_size && !make_room(t))
        return false;
    struct tcp_sent *s = tcp_sent_at(t, i);
    memmove(s + 1, s, (t->sent_count - i) * sizeof(*s));
    t->sent_count++;
    s[0].end = s[1].seq = at;
    return true;
}

void tcp_sent_free(struct tcp *t)
{
    if (t->sent && t->sent != t->sent_own)
        heap_free(t->sent, t->sent_size * sizeof(*t->sent));
    t->sent = NULL;
    t->sent_size = t->sent_head = t->sent_count = 0;
}

static void count(struct tcp_loss *l, uint8_t flags, uint32_t add)
{
    if (flags & SENT_SACKED)
        l->sacked += add;
    if (flags & SENT_LOST)
        l->lost += add;
    if (flags & SENT_AGAIN)
        l->again += add;
}

/* Flags change, and the sums of struct tcp_loss with them. */
void tcp_sent_flag(struct tcp *t, struct tcp_sent *s, uint8_t set, uint8_t clear)
{
    count(t->loss, s->flags, 0u - tcp_sent_len(s));
    s->flags = (uint8_t)((s->flags & ~clear) | set);
    count(t->loss, s->flags, tcp_sent_len(s));
}

/* The record, or its first `n` bytes, have been acknowledged. */
static void arrived(struct tcp *t, const struct tcp_sent *s, uint32_t n, struct tcp_acked *acked)
{
    if (!(s->flags & SENT_TWICE)) {
        uint32_t rtt = tcp_tick() - s->at + 1;
        if (!acked->rtt)
            acked->rtt = rtt;
        acked->rtt_young = rtt;
    } else {
        acked->again_acked = true;
    }
    if (!(s->flags & SENT_SACKED))
        acked->delivered += n;
    if (UNLIKELY(s->flags))
        count(t->loss, s->flags, 0u - n);
}

void tcp_sent_acked(struct tcp *t, uint32_t ack, struct tcp_acked *acked)
{
    bool trouble = t->trouble;

    while (t->sent_count) {
        struct tcp_sent *s = tcp_sent_at(t, 0);
        if (seq_after(s->end, ack)) {
            if (seq_before(s->seq, ack)) {
                arrived(t, s, ack - s->seq, acked);
                s->seq = ack;
            }
            return;
        }
        arrived(t, s, tcp_sent_len(s), acked);
        if (UNLIKELY(trouble) && !(s->flags & SENT_SACKED)) {
            if (!(s->flags & SENT_TWICE) && seq_before(s->seq, t->loss->fack))
                acked->original_late = true;
            tcp_rack_advance(t, s, acked->seg);
        }
        t->sent_head++;
        t->sent_count--;
    }
}
